#pragma once
// An upgrade without a gap (--takeover PATH): a server that starts asks the one that runs for its
// listening socket, gets ready, and tells it; the old one then accepts no more and ends when its
// connections have. They speak over a Unix socket at PATH, of mode 0600, in messages:
//
//   new: hello, with a descriptor of PATH's directory    old: socket, with the listening socket
//   new: ready                                           old: yours
//
// The descriptor proves more than the user's id does: a script of the same user that is held in a
// sandbox can connect, but cannot open that directory.

#include <sys/types.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::life {

// The server that runs, as the one that is to follow it sees it.
class predecessor {
 public:
  // Asks whoever listens at that path for its listening socket; nothing if nobody does. An error if
  // what is there is no socket, belongs to none of these users, or does not hand over its socket
  // within limits::takeover_answer. Blocks meanwhile.
  static std::variant<std::optional<predecessor>, config::usage_error> ask(
      std::filesystem::path const& path, std::set<uid_t> const& trusted);

  // What it listened on. Once.
  base::unique_fd take_socket() { return std::move(socket_); }

  // Tells it that we are ready. Once nothing is given back, it accepts no more. An error if it has
  // given us up. Blocks for at most limits::takeover_answer.
  std::optional<config::usage_error> relieve();

 private:
  predecessor(std::string path, base::unique_fd talk)
      : path_(std::move(path)), talk_(std::move(talk)) {}
  std::optional<config::usage_error> receive_socket();
  config::usage_error failure(std::string_view text) const;

  std::string path_;
  base::unique_fd talk_;
  base::unique_fd socket_;
};

// Where a server can be asked to hand over. For one thread; goes before its executor's context.
class takeover_door {
 public:
  // Listens, at a name of its own beside the path until publish().
  static std::variant<std::unique_ptr<takeover_door>, config::usage_error> open(
      base::executor ex, std::filesystem::path const& path);
  takeover_door(takeover_door const&) = delete;
  takeover_door& operator=(takeover_door const&) = delete;
  ~takeover_door() { close(); }

  // From now on it is found at the path, in the place of any other.
  base::error_code publish();

  // Suspends until a successor was ready and has been told that it is on its own: true. False after
  // close(). Successors are heard one at a time, each for at most limits::takeover_time; one that
  // does not get ready is told of in the log. listening: what they get a copy of.
  base::task<bool> handed_over(int listening);

  // Answers no more, and takes its name away unless another has taken it.
  void close();

 private:
  using descriptor = boost::asio::posix::basic_stream_descriptor<base::executor>;
  takeover_door(base::executor ex, std::filesystem::path path);
  std::optional<std::string> listen();
  base::task<bool> hand_over(descriptor& to, int listening);
  bool may_take_over(int peer, std::string const& greeting, base::unique_fd const& proof) const;

  base::executor executor_;
  std::filesystem::path path_;
  std::filesystem::path name_;  // of the socket; empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
  descriptor door_;
  descriptor* talk_ = nullptr;  // with the one that is being heard
  bool closed_ = false;
};

}  // namespace gatehouse::life
