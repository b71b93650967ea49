#pragma once
// Pairs of connected sockets between the server and its workers, and how descriptors are handed
// over by one.

#include <optional>
#include <span>

#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::wsgi {

struct socket_pair {
  base::unique_fd ours;
  base::unique_fd theirs;
};

// A stream; both ends are close-on-exec. Nothing where the system has none; errno says why.
std::optional<socket_pair> make_socket_pair();

// Sends one byte and the descriptors with it; whether that could be done. Does not wait.
bool send_descriptors(int socket, char word, std::span<int const> fds);

}  // namespace gatehouse::wsgi
