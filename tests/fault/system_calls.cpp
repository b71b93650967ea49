// The seam: linked into the server by the linker's --wrap, so that a call of `read` in our code, or
// in what is compiled with it, comes to __wrap_read, and __real_read is what it meant. The program
// that is shipped has none of this. Some of it runs in the child of a clone that shares our memory:
// nothing here allocates, locks or is instrumented.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <new>
#include <optional>

#include "board.hpp"

extern "C" char __executable_start;

namespace fault {
namespace {

board* shared = nullptr;

// A lasting shortage is over after so many calls.
constexpr std::uint32_t shortage_length = 8;

// Offsets in the program; what lies in a library is told apart well enough by its low bits.
std::uint64_t site_of(void* caller, void* callers_caller) {
  auto const base = reinterpret_cast<std::uintptr_t>(&__executable_start);
  auto const near = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(caller) - base);
  auto const far =
      static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(callers_caller) - base);
  return static_cast<std::uint64_t>(far) << 32U | near;
}

// A place in the table is never given back, so whoever takes a free one needs no lock.
void note(std::uint64_t where, call what) {
  auto const size = shared->sites.size();
  for (std::size_t i = 0, at = where * 0x9E3779B97F4A7C15U % size; i < size; ++i) {
    auto& entry = shared->sites[(at + i) % size];
    std::uint64_t expected = 0;
    if (entry.where.compare_exchange_strong(expected, where)) {
      entry.what = static_cast<std::uint32_t>(what);
    } else if (expected != where) {
      continue;
    }
    ++entry.times;
    return;
  }
}

bool makes_descriptor(call what) {
  switch (what) {
    case call::accept4:
    case call::mkostemp:
    case call::open:
    case call::pipe2:
    case call::socket:
    case call::socketpair:
    case call::openat2:
    case call::pidfd_open:
      return true;
    default:
      return false;
  }
}

// How this call is to fail: an errno or short_transfer; 0 if it is not to.
std::int32_t failure_of(call what, std::uint64_t where) {
  if (shared == nullptr) return 0;
  auto const now = shared->now.load();
  if (now == order::note) note(where, what);
  if (now != order::fail) return 0;
  auto const fired = shared->fired.load();
  bool const goes_on =
      shared->lasting && fired > 0 && fired < shortage_length && makes_descriptor(what);
  bool const is_it = where == shared->where && shared->seen++ == shared->occurrence;
  if (!goes_on && !is_it) return 0;
  ++shared->fired;
  return shared->failure;
}

// A board is mapped before any other code of the program runs.
[[gnu::constructor(101)]] void map_board() {
  char const* const name = std::getenv(board_variable);
  if (name == nullptr) return;
  int const fd = ::open(name, O_RDWR | O_CLOEXEC);
  if (fd < 0) std::abort();
  void* const at = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) std::abort();
  shared = static_cast<board*>(at);
}

// Asio's own wake-ups come by an eventfd and a timerfd, which do not fail so.
bool is_anonymous(int fd) {
  struct stat status {};
  return ::syscall(SYS_fstat, fd, &status) == 0 && (status.st_mode & S_IFMT) == 0;
}

// The kernel gives EAGAIN to those who asked for it only.
bool blocks(int fd, int flags) {
  return (flags & MSG_DONTWAIT) == 0 && (::syscall(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK) == 0;
}

struct verdict {
  bool fails = false;
  std::size_t size = 0;  // to go on with
};

verdict judge_transfer(std::int32_t failure, int fd, int flags, std::size_t size) {
  if (failure == EAGAIN && blocks(fd, flags)) failure = 0;
  if (failure == short_transfer) return {false, size > 1 ? 1 : size};
  if (failure != 0) errno = failure;
  return {failure != 0, size};
}

template <class Result>
std::optional<Result> failed(std::int32_t failure, Result value) {
  if (failure <= 0) return std::nullopt;
  errno = failure;
  return value;
}

// One byte of what a message is made of.
std::size_t first_filled(msghdr const& message) {
  std::size_t i = 0;
  while (i + 1 < message.msg_iovlen && message.msg_iov[i].iov_len == 0) ++i;
  return i;
}

template <class Transfer>
ssize_t transfer_message(std::int32_t failure, int fd, int flags, msghdr const& message,
                         Transfer transfer) {
  if (message.msg_iovlen == 0) return transfer(message);
  msghdr piece = message;
  iovec one = message.msg_iov[first_filled(message)];
  auto const v = judge_transfer(failure, fd, flags, one.iov_len);
  if (v.fails) return -1;
  if (failure != short_transfer) return transfer(message);
  one.iov_len = v.size;
  piece.msg_iov = &one;
  piece.msg_iovlen = 1;
  return transfer(piece);
}

std::optional<call> named(long number) {
  switch (number) {
    case SYS_openat2:
      return call::openat2;
    case SYS_pidfd_open:
      return call::pidfd_open;
    case SYS_setpgid:
      return call::setpgid;
    case SYS_close_range:
      return call::close_range;
    case SYS_dup3:
      return call::dup3;
    case SYS_chdir:
      return call::chdir;
    case SYS_execve:
      return call::execve;
    case SYS_prlimit64:
      return call::prlimit64;
    case SYS_rt_sigaction:
      return call::rt_sigaction;
    case SYS_rt_sigprocmask:
      return call::rt_sigprocmask;
    default:
      return std::nullopt;
  }
}

}  // namespace
}  // namespace fault

using fault::call;

#define HERE fault::site_of(__builtin_return_address(0), __builtin_return_address(1))
#define FAILURE(name) fault::failure_of(call::name, HERE)

// A function that gives -1 when it fails, and nothing else that matters.
#define WRAP(type, name, parameters, arguments)                                   \
  type __real_##name parameters;                                                  \
  type __wrap_##name parameters;                                                  \
  type __wrap_##name parameters {                                                 \
    if (auto const gives = fault::failed<type>(FAILURE(name), -1)) return *gives; \
    return __real_##name arguments;                                               \
  }

extern "C" {

// One that is interrupted goes on all the same.
int __real_connect(int fd, sockaddr const* a, socklen_t s);
int __wrap_connect(int fd, sockaddr const* a, socklen_t s) {
  auto const gives = fault::failed<int>(FAILURE(connect), -1);
  if (!gives) return __real_connect(fd, a, s);
  if (errno == EINTR && __real_connect(fd, a, s) == 0) errno = EINTR;
  return *gives;
}

WRAP(int, accept4, (int fd, sockaddr* a, socklen_t* s, int flags), (fd, a, s, flags))
WRAP(int, access, (char const* path, int mode), (path, mode))
WRAP(int, epoll_wait, (int e, epoll_event* events, int size, int ms), (e, events, size, ms))
WRAP(int, fstat, (int fd, struct stat* into), (fd, into))
WRAP(int, fstatat, (int d, char const* path, struct stat* into, int f), (d, path, into, f))
WRAP(int, getpeername, (int fd, sockaddr* a, socklen_t* s), (fd, a, s))
WRAP(int, getsockname, (int fd, sockaddr* a, socklen_t* s), (fd, a, s))
WRAP(int, getsockopt, (int fd, int l, int n, void* v, socklen_t* s), (fd, l, n, v, s))
WRAP(int, lstat, (char const* path, struct stat* into), (path, into))
WRAP(int, mkostemp, (char* name, int flags), (name, flags))
WRAP(int, pipe2, (int* ends, int flags), (ends, flags))
WRAP(int, poll, (pollfd * of, nfds_t count, int ms), (of, count, ms))
WRAP(ssize_t, readlink, (char const* path, char* into, size_t size), (path, into, size))
WRAP(int, setsockopt, (int fd, int l, int n, void const* v, socklen_t s), (fd, l, n, v, s))
WRAP(int, shutdown, (int fd, int how), (fd, how))
WRAP(int, socket, (int family, int type, int protocol), (family, type, protocol))
WRAP(int, socketpair, (int f, int type, int protocol, int* ends), (f, type, protocol, ends))
WRAP(int, stat, (char const* path, struct stat* into), (path, into))

// Only a new registration takes memory and counts against max_user_watches (epoll_ctl(2)); changing
// one that is there cannot fail.
int __real_epoll_ctl(int e, int op, int fd, epoll_event* event);
int __wrap_epoll_ctl(int e, int op, int fd, epoll_event* event);
int __wrap_epoll_ctl(int e, int op, int fd, epoll_event* event) {
  if (op != EPOLL_CTL_ADD) return __real_epoll_ctl(e, op, fd, event);
  if (auto const gives = fault::failed<int>(FAILURE(epoll_ctl), -1)) return *gives;
  return __real_epoll_ctl(e, op, fd, event);
}

#define WRAP_TRANSFER(name, parameters, fd, flags, count, call_with)                         \
  ssize_t __real_##name parameters;                                                          \
  ssize_t __wrap_##name parameters;                                                          \
  ssize_t __wrap_##name parameters {                                                         \
    if (fault::shared == nullptr || fault::is_anonymous(fd)) return __real_##name call_with; \
    auto const v = fault::judge_transfer(FAILURE(name), fd, flags, count);                   \
    if (v.fails) return -1;                                                                  \
    count = v.size;                                                                          \
    return __real_##name call_with;                                                          \
  }

WRAP_TRANSFER(read, (int fd, void* into, size_t n), fd, 0, n, (fd, into, n))
WRAP_TRANSFER(write, (int fd, void const* from, size_t n), fd, 0, n, (fd, from, n))
WRAP_TRANSFER(pread, (int fd, void* into, size_t n, off_t at), fd, 0, n, (fd, into, n, at))
WRAP_TRANSFER(recv, (int fd, void* into, size_t n, int flags), fd, flags, n, (fd, into, n, flags))
WRAP_TRANSFER(send, (int fd, void const* from, size_t n, int flags), fd, flags, n,
              (fd, from, n, flags))
WRAP_TRANSFER(sendfile, (int to, int from, off_t* at, size_t n), to, 0, n, (to, from, at, n))
WRAP_TRANSFER(splice, (int from, off_t* a, int to, off_t* b, size_t n, unsigned flags), from, 0, n,
              (from, a, to, b, n, flags))

ssize_t __real_recvmsg(int fd, msghdr* message, int flags);
ssize_t __wrap_recvmsg(int fd, msghdr* message, int flags);
ssize_t __wrap_recvmsg(int fd, msghdr* message, int flags) {
  return fault::transfer_message(FAILURE(recvmsg), fd, flags, *message, [&](msghdr const& m) {
    msghdr copy = m;
    auto const got = __real_recvmsg(fd, &copy, flags);
    message->msg_flags = copy.msg_flags;
    return got;
  });
}

ssize_t __real_sendmsg(int fd, msghdr const* message, int flags);
ssize_t __wrap_sendmsg(int fd, msghdr const* message, int flags);
ssize_t __wrap_sendmsg(int fd, msghdr const* message, int flags) {
  return fault::transfer_message(FAILURE(sendmsg), fd, flags, *message,
                                 [&](msghdr const& m) { return __real_sendmsg(fd, &m, flags); });
}

DIR* __real_fdopendir(int fd);
DIR* __wrap_fdopendir(int fd);
DIR* __wrap_fdopendir(int fd) {
  if (auto const f = fault::failed<DIR*>(FAILURE(fdopendir), nullptr)) return *f;
  return __real_fdopendir(fd);
}

dirent* __real_readdir(DIR* directory);
dirent* __wrap_readdir(DIR* directory);
dirent* __wrap_readdir(DIR* directory) {
  if (auto const f = fault::failed<dirent*>(FAILURE(readdir), nullptr)) return *f;
  return __real_readdir(directory);
}

int __real_open(char const* path, int flags, ...);
int __wrap_open(char const* path, int flags, ...);
int __wrap_open(char const* path, int flags, ...) {
  if (auto const f = fault::failed<int>(FAILURE(open), -1)) return *f;
  va_list more;
  va_start(more, flags);
  auto const mode = va_arg(more, mode_t);
  va_end(more);
  return __real_open(path, flags, mode);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
  if (auto const f = fault::failed<int>(FAILURE(fcntl), -1)) return *f;
  va_list more;
  va_start(more, command);
  auto* const argument = va_arg(more, void*);
  va_end(more);
  return __real_fcntl(fd, command, argument);
}

int __real_ioctl(int fd, unsigned long what, ...);
int __wrap_ioctl(int fd, unsigned long what, ...);
int __wrap_ioctl(int fd, unsigned long what, ...) {
  if (auto const f = fault::failed<int>(FAILURE(ioctl), -1)) return *f;
  va_list more;
  va_start(more, what);
  auto* const argument = va_arg(more, void*);
  va_end(more);
  return __real_ioctl(fd, what, argument);
}

int __real_clone(int (*run)(void*), void* stack, int flags, void* argument, ...);
int __wrap_clone(int (*run)(void*), void* stack, int flags, void* argument, ...);
int __wrap_clone(int (*run)(void*), void* stack, int flags, void* argument, ...) {
  if (auto const f = fault::failed<int>(FAILURE(clone), -1)) return *f;
  va_list more;
  va_start(more, argument);
  auto* const pidfd = va_arg(more, void*);
  auto* const storage = va_arg(more, void*);
  auto* const child = va_arg(more, void*);
  va_end(more);
  return __real_clone(run, stack, flags, argument, pidfd, storage, child);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
  if (auto const what = fault::named(number)) {
    if (auto const f = fault::failed<long>(fault::failure_of(*what, HERE), -1)) return *f;
  }
  va_list more;
  va_start(more, number);
  auto const a = va_arg(more, long);
  auto const b = va_arg(more, long);
  auto const c = va_arg(more, long);
  auto const d = va_arg(more, long);
  auto const e = va_arg(more, long);
  auto const f = va_arg(more, long);
  va_end(more);
  return __real_syscall(number, a, b, c, d, e, f);
}

// operator new(std::size_t), as the compiler spells it.
void* __real__Znwm(std::size_t size);
void* __wrap__Znwm(std::size_t size);
void* __wrap__Znwm(std::size_t size) {
  if (FAILURE(operator_new) != 0) throw std::bad_alloc();
  return __real__Znwm(size);
}
}
