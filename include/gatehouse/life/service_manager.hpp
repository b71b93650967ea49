#pragma once
// Whoever started this server and watches over it: systemd, or another that speaks as it does. It
// may hand over listening sockets (sd_listen_fds(3)) and wants to be told of the server's state
// (sd_notify(3)).

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::life {

// The sockets that were handed over by LISTEN_PID and LISTEN_FDS; none if these are not there or
// meant for another process. More than limits::listening_sockets are an error. Takes the
// variables out of the environment. To be called once, before there are threads.
std::variant<std::vector<base::unique_fd>, config::usage_error> given_sockets();

class service_manager {
 public:
  // Listens at NOTIFY_SOCKET, a path or (after "@") an abstract name; nobody does if there is none.
  service_manager();

  // None of these waits or fails: who does not listen is not told.
  void ready(std::string const& status) const;
  void reloading() const;
  void stopping() const;

 private:
  void tell(std::string const& state) const;
  std::string address_;
};

}  // namespace gatehouse::life
