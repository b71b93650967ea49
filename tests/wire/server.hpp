#pragma once
// The real binary, serving a site on a free port of the loopback address.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"
#include "site.hpp"

namespace wire {

class server {
 public:
  // Starts `gatehouse --port 0 OPTIONS ROOT` and waits for its ready line. more_environment is
  // added to plain_environment(). starter: a program and its arguments that is to exec the command
  // line that follows them. Throws if the server does not get ready in time. The site outlives it.
  explicit server(site const& site, arguments const& options = {},
                  arguments const& more_environment = {}, arguments const& starter = {});
  server(server const&) = delete;
  server& operator=(server const&) = delete;

  // Stops the server with SIGTERM unless it has ended, and CHECKs that it exits with 0 in time,
  // leaves no process behind and has printed nothing after its ready line.
  ~server();

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_.pid; }
  // How many descriptors it has open.
  std::size_t descriptors() const;
  // The one line on standard output, without its line feed.
  std::string const& ready_line() const { return ready_line_; }

  // What is on its standard error so far: diagnostics and access log.
  std::string log() const;

  // Waits until the log has this text.
  bool logged(std::string_view text) const;

  // Waits until nobody can connect.
  bool refuses_connections() const;

  void signal(int number) const;

  // Waits for the end; the status as from wait(2), nothing if it does not come in time. The
  // destructor then checks no more.
  std::optional<int> wait_for_end();

 private:
  void read_ready_line();
  void stop_and_check();
  std::string rest_of_output() const;

  site const& site_;
  std::filesystem::path log_file_;
  spawned process_;
  int output_ = -1;
  bool ended_ = false;
  std::string ready_line_;
  std::uint16_t port_ = 0;
};

// The addresses in a ready line.
std::vector<std::string> urls_in(std::string const& ready_line);

// What a GET of the URL gives; empty if it fails.
std::string fetched(std::string const& url);

// The path of the gatehouse binary.
std::string binary();

}  // namespace wire
