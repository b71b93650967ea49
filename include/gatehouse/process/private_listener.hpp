#pragma once
// A listening Unix socket that nobody but this process can connect to, for a program that takes its
// requests from one. It is made in a directory of its own, which is removed at once: a socket
// without a name is reached only by way of a descriptor of its file (/proc/self/fd), which stays
// here. An abstract socket would be open to everybody on this machine.

#include <sys/un.h>

#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

class private_listener {
 public:
  // Errors are those of making a directory in TMPDIR, and of the socket.
  static base::result<private_listener> make();

  // What the program gets. It shares the socket, whose accept(2) blocks.
  int descriptor() const { return socket_.get(); }

  // Where this process connects to, as long as this object is there: any thread, also when it has
  // been closed.
  sockaddr_un const& address() const { return address_; }

  // A connection that is made now, non-blocking. Does not wait: EAGAIN says that its backlog is
  // full, ECONNREFUSED that it has been closed.
  base::result<base::unique_fd> connect() const;

  // Whether there is a connection that nobody has accepted yet.
  bool has_waiting() const;

  // Those that nobody has accepted, and never will.
  struct left_over {
    std::vector<base::unique_fd> connections;
    bool any_open = false;  // one of them has not been given up by who made it
  };
  // For when the program has ended: from now on nobody can connect, nor is a connection accepted.
  left_over close();

 private:
  base::unique_fd socket_;
  base::unique_fd file_;  // of the socket, O_PATH
  sockaddr_un address_{};
};

}  // namespace gatehouse::process
