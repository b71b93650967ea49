#include "gatehouse/life/service_manager.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::life;

namespace {

// The variables for one case; none is left at its end.
struct variables {
  variables(std::string const& pid, char const* count) {
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
    ::setenv("LISTEN_FDNAMES", "web", 1);
  }
  ~variables() {
    for (char const* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  }
};

}  // namespace

TEST_CASE("no socket is taken that was not given to this process") {
  auto const us = std::to_string(::getpid());
  struct row {
    std::string_view label;
    std::string pid;
    char const* count;
  };
  row const rows[] = {
      {"to another", "1", "1"},
      {"to nobody", "", "1"},
      {"none", us, "0"},
      {"a number that is none", us, "one"},
      {"a negative number", us, "-1"},
      {"more than there can be", us, "4294967297"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    variables const set(r.pid, r.count);
    auto const got = given_sockets();
    auto const* const sockets = std::get_if<std::vector<base::unique_fd>>(&got);
    REQUIRE(sockets != nullptr);
    CHECK(sockets->empty());
    CHECK(::getenv("LISTEN_FDS") == nullptr);
    CHECK(::getenv("LISTEN_FDNAMES") == nullptr);
  }
}

TEST_CASE("more sockets than a server listens on are an error") {
  variables const set(std::to_string(::getpid()), "17");
  auto const got = given_sockets();
  auto const* const wrong = std::get_if<config::usage_error>(&got);
  REQUIRE(wrong != nullptr);
  CHECK(wrong->line == "gatehouse: LISTEN_FDS: 17 sockets are given, and 16 can be served");
}

TEST_CASE("nobody has to listen") {
  for (std::string const& address :
       {std::string(), std::string("/nowhere/at/all"), std::string("vsock:2:1"),
        std::string("@gatehouse-nobody"), "/" + std::string(300, 'x')}) {
    CAPTURE(address);
    ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
    service_manager const manager;
    manager.ready("Serving");
    manager.reloading();
    manager.stopping();
  }
  ::unsetenv("NOTIFY_SOCKET");
}
