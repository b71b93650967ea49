#include "gatehouse/process/system_call_filter.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
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

long pointer(void const* to) {
  return reinterpret_cast<long>(to);
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
  sched_param const parameters{};
  cpu_set_t processors;
  ::sched_getaffinity(0, sizeof processors, &processors);
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
      {"to be traced by the parent", true, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, EPERM},
      {"to trace is Landlock's", true, SYS_ptrace, PTRACE_CONT, ::getppid(), 0, 0, ESRCH},
      {"a sibling", true, SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, EPERM},
      {"a child by flags that cannot be seen", true, SYS_clone3, 0, 0, 0, 0, ENOSYS},
      {"another's priority", true, SYS_setpriority, PRIO_PROCESS, ::getppid(), 0, 0, EPERM},
      {"another group's", true, SYS_setpriority, PRIO_PGRP, ::getppid(), 0, 0, EPERM},
      {"the user's", true, SYS_setpriority, PRIO_USER, 0, 0, 0, EPERM},
      {"its own", true, SYS_setpriority, PRIO_PROCESS, 0, 19, 0, 0},
      {"another's priority for disks", true, SYS_ioprio_set, 1, ::getppid(), 0x6000, 0, EPERM},
      {"the user's", true, SYS_ioprio_set, 3, 0, 0x6000, 0, EPERM},
      {"its own", true, SYS_ioprio_set, 1, 0, 0x6000, 0, 0},
      {"another's scheduler", true, SYS_sched_setscheduler, ::getppid(), SCHED_IDLE,
       pointer(&parameters), 0, EPERM},
      {"another's parameters", true, SYS_sched_setparam, ::getppid(), pointer(&parameters), 0, 0,
       EPERM},
      {"another's attributes", true, SYS_sched_setattr, ::getppid(), 0, 0, 0, EPERM},
      {"another's processors", true, SYS_sched_setaffinity, ::getppid(), sizeof processors,
       pointer(&processors), 0, EPERM},
      {"its own scheduler", true, SYS_sched_setscheduler, 0, SCHED_IDLE, pointer(&parameters), 0,
       0},
      {"its own processors", true, SYS_sched_setaffinity, 0, sizeof processors,
       pointer(&processors), 0, 0},
      {"shared memory", true, SYS_shmget, 0x6768, 1, 0600, 0, EPERM},
      {"shared memory of others", true, SYS_shmat, 0, 0, 0, 0, EPERM},
      {"semaphores", true, SYS_semget, 0x6768, 1, 0600, 0, EPERM},
      {"a queue", true, SYS_msgget, 0x6768, 0600, 0, 0, EPERM},
      {"a queue of POSIX", true, SYS_mq_open, pointer("gatehouse-test"), 0, 0, 0, EPERM},
      {"a key", true, SYS_add_key, pointer("user"), pointer("gatehouse-test"), pointer("x"), 1,
       EPERM},
      {"the user's keys", true, SYS_keyctl, 0, -4, 0, 0, EPERM},
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
