#pragma once
// What two servers say to each other in a take-over (--takeover PATH), and how: in messages over a
// Unix socket of type SOCK_SEQPACKET at PATH, some of them with a descriptor (SCM_RIGHTS, unix(7)).
//
//   new: hello, with a descriptor of PATH's directory    old: socket, with the listening socket
//   new: ready                                           old: yours
//
// An old server with several listening sockets sends a message for each; all but the last of them
// say that more follow. With one socket they speak as servers did that knew of one alone.
//
// The new server has put its own socket in the place of PATH before it says that it is ready. The
// descriptor of the directory proves more than the user's id does: a script of the same user that
// is held in a sandbox can connect, but cannot open that directory.

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::life {

namespace takeover_words {
inline constexpr std::string_view hello = "gatehouse takeover 1";
inline constexpr std::string_view more = "socket, more follow";
inline constexpr std::string_view socket = "socket";
inline constexpr std::string_view ready = "ready";
inline constexpr std::string_view yours = "yours";
}  // namespace takeover_words

struct takeover_message {
  std::string text;
  // Every descriptor that came with it, so that each is closed whatever the sender meant by it.
  std::vector<base::unique_fd> descriptors = {};
  // The socket had nothing to read, and its peer may still say something.
  bool is_awaited = false;

  // Whether it is these words and so many descriptors.
  bool is(std::string_view words, std::size_t count) const {
    return text == words && descriptors.size() == count;
  }
};

// Sends one message, with a descriptor unless that is -1. Gives whether it was sent; waits as long
// as the socket's SO_SNDTIMEO says.
bool send_takeover_message(int to, std::string_view text, int descriptor = -1);

// Receives one message; one without text at the end, on an error, and after the socket's
// SO_RCVTIMEO. All descriptors are close-on-exec.
takeover_message receive_takeover_message(int from);

// A new socket for such messages.
base::unique_fd takeover_socket();

// The address of a socket at this path; nothing if the path is too long for one.
std::optional<sockaddr_un> takeover_address(std::string const& path);

// The directory whose descriptor the new server shows.
std::string takeover_directory(std::filesystem::path const& path);

// The process at the other end of the connection, as it was when it connected.
std::optional<ucred> takeover_peer(int connection);

}  // namespace gatehouse::life
