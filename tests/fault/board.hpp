#pragma once
// What the tests and a server under faults share: a file that both have mapped. The tests say which
// call is to fail, and the server (see system_calls.cpp) notes which calls it makes and whether one
// was made to fail.

#include <array>
#include <atomic>
#include <cstdint>

namespace fault {

// The calls that can be made to fail; the kernel's own names. The second line's are made by
// syscall(2), the third line's in the child between clone and exec.
enum class call : std::uint32_t {
  accept4,
  access,
  clone,
  connect,
  epoll_ctl,
  epoll_wait,
  fcntl,
  fdopendir,
  fstat,
  fstatat,
  getpeername,
  getsockname,
  getsockopt,
  ioctl,
  lstat,
  mkostemp,
  open,
  pipe2,
  poll,
  pread,
  read,
  readdir,
  readlink,
  recv,
  recvmsg,
  send,
  sendfile,
  sendmsg,
  setsockopt,
  shutdown,
  socket,
  socketpair,
  splice,
  stat,
  write,
  openat2,
  pidfd_open,
  setpgid,
  close_range,
  dup3,
  chdir,
  execve,
  prlimit64,
  rt_sigaction,
  rt_sigprocmask,
  operator_new,
  count
};

// Instead of an errno: one byte is moved where more was asked for.
inline constexpr std::int32_t short_transfer = -1;

enum class order : std::uint32_t { nothing, note, fail };

// One place in the program that makes a call: the offset of the return address in the program, and
// that of the caller's own in the upper half.
struct call_site {
  std::atomic<std::uint64_t> where = 0;  // 0: this entry is free
  std::atomic<std::uint32_t> what = 0;   // a call
  std::atomic<std::uint32_t> times = 0;
};

struct board {
  std::atomic<order> now = order::nothing;

  // order::fail: the call at this site, when it is made for the occurrence-th time (from 0).
  std::atomic<std::uint64_t> where = 0;
  std::atomic<std::uint32_t> occurrence = 0;
  std::atomic<std::int32_t> failure = 0;  // errno, or short_transfer
  // From then on, calls that would make a descriptor fail like this one, for a while.
  std::atomic<bool> lasting = false;
  std::atomic<std::uint32_t> seen = 0;   // how many times the call was made
  std::atomic<std::uint32_t> fired = 0;  // how many calls failed

  std::array<call_site, 8192> sites{};  // order::note fills it
};

// The variable of the server's environment that names the file.
inline constexpr char board_variable[] = "GATEHOUSE_FAULT_BOARD";

}  // namespace fault
