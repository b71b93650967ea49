#include "gatehouse/process/system_call_filter.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

using namespace gatehouse;

namespace {

constexpr std::uint64_t key = 0x1234567887654321;
constexpr int lacks_seccomp = 255;

// What becomes of a call under the filter: 0, or its errno. In a process of its own, because there
// is no way out of it.
int outcome_of(bool network, long number, long a, long b, long c, long d) {
  pid_t const child = ::fork();
  if (child == 0) {
    if (process::system_call_filter(network, key).install()) ::_exit(lacks_seccomp);
    ::_exit(::syscall(number, a, b, c, d) < 0 ? errno : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("the filter refuses what Landlock does not know about, and nothing else") {
  if (!process::system_call_filter::knows_this_processor()) return;
  struct row {
    std::string_view label;
    bool network;
    long number;
    long a, b, c, d;
    int expected;
  };
  long const low = key & 0xFFFFFFFFU;
  long const high = key >> 32U;
  row const rows[] = {
      {"IPv4", false, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, EACCES},
      {"IPv6", false, SYS_socket, AF_INET6, SOCK_DGRAM, 0, 0, EACCES},
      {"netlink", false, SYS_socket, AF_NETLINK, SOCK_RAW, 0, 0, EACCES},
      {"packets", false, SYS_socket, AF_PACKET, SOCK_RAW, 0, 0, EACCES},
      {"a Unix socket", false, SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0},
      {"the upper half of a domain does not count", false, SYS_socket, (1L << 32) | AF_INET,
       SOCK_STREAM, 0, 0, EACCES},
      {"IPv4 with the network", true, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0},
      {"a session", true, SYS_setsid, 0, 0, 0, 0, EPERM},
      {"a group", true, SYS_setpgid, 0, 0, 0, 0, EPERM},
      {"a group with half of the key", true, SYS_setpgid, 0, 0, low, 0, EPERM},
      {"with the other half", true, SYS_setpgid, 0, 0, 0, high, EPERM},
      {"with all of it", true, SYS_setpgid, 0, 0, low, high, 0},
      {"another's limits", true, SYS_prlimit64, ::getppid(), RLIMIT_CPU, 0, 0, EPERM},
      {"its own", true, SYS_prlimit64, 0, RLIMIT_CPU, 0, 0, 0},
      {"io_uring", true, SYS_io_uring_setup, 0, 0, 0, 0, EPERM},
      {"another call", false, SYS_getpid, 0, 0, 0, 0, 0},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    int const outcome = outcome_of(r.network, r.number, r.a, r.b, r.c, r.d);
    if (outcome == lacks_seccomp) return;  // a system without seccomp
    CHECK(outcome == r.expected);
  }
}
