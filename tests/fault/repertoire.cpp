#include "repertoire.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace fault {
namespace {

struct entry {
  call what;
  std::string_view name;
  std::vector<std::int32_t> failures;
};

// In the order of the enumeration. EINTR stands only where the kernel may give it.
std::vector<entry> const& entries() {
  static std::vector<entry> const all{
      {call::accept4, "accept4", {EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EINTR, EPROTO}},
      {call::access, "access", {EIO, ENOMEM}},
      {call::clone, "clone", {EAGAIN, ENOMEM}},
      {call::connect, "connect", {EAGAIN, ECONNREFUSED, ENOENT, EACCES, EINTR}},
      {call::epoll_ctl, "epoll_ctl", {ENOMEM, ENOSPC}},
      {call::epoll_wait, "epoll_wait", {EINTR}},
      {call::fcntl, "fcntl", {EPERM, EBUSY, ENOMEM}},
      {call::fdopendir, "fdopendir", {ENOMEM}},
      {call::fstat, "fstat", {EIO, ENOMEM}},
      {call::fstatat, "fstatat", {ENOENT, EIO, ENOMEM}},
      {call::getpeername, "getpeername", {ENOTCONN, ENOBUFS}},
      {call::getsockname, "getsockname", {ENOBUFS}},
      {call::getsockopt, "getsockopt", {ENOBUFS}},
      {call::ioctl, "ioctl", {EINVAL}},
      {call::lstat, "lstat", {EIO, ENOMEM}},
      {call::mkostemp, "mkostemp", {EMFILE, ENFILE, ENOMEM, ENOSPC, EROFS, EACCES}},
      {call::open, "open", {EMFILE, ENFILE, ENOMEM, EOPNOTSUPP, EACCES, EINTR, EIO}},
      {call::pipe2, "pipe2", {EMFILE, ENFILE}},
      {call::poll, "poll", {ENOMEM, EINTR}},
      {call::pread, "pread", {EIO, ENOMEM, EINTR, short_transfer}},
      {call::read, "read", {EIO, EINTR, EAGAIN, short_transfer}},
      {call::readdir, "readdir", {EIO}},
      {call::readlink, "readlink", {EIO, ENOMEM}},
      {call::recv, "recv", {ECONNRESET, ETIMEDOUT, ENOMEM, EINTR, EAGAIN, short_transfer}},
      {call::recvmsg, "recvmsg", {ECONNRESET, ETIMEDOUT, ENOMEM, EINTR, EAGAIN, short_transfer}},
      {call::send, "send", {EPIPE, ECONNRESET, ENOBUFS, EINTR, EAGAIN, short_transfer}},
      {call::sendfile, "sendfile", {EIO, ENOMEM, EPIPE, EINTR, EAGAIN, short_transfer}},
      {call::sendmsg, "sendmsg", {EPIPE, ECONNRESET, ENOBUFS, EINTR, EAGAIN, short_transfer}},
      {call::setsockopt, "setsockopt", {ENOBUFS, EINVAL}},
      {call::shutdown, "shutdown", {}},  // but for a connection that is gone
      {call::socket, "socket", {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
      {call::socketpair, "socketpair", {EMFILE, ENFILE, ENOMEM}},
      {call::splice, "splice", {ENOMEM, EINVAL, EPIPE, EINTR, EAGAIN, short_transfer}},
      {call::stat, "stat", {EIO, ENOMEM}},
      {call::write, "write", {ENOSPC, EIO, EINTR, EAGAIN, short_transfer}},
      {call::openat2, "openat2", {EMFILE, ENFILE, ENOMEM, EACCES, EIO, EAGAIN, EINTR}},
      {call::pidfd_open, "pidfd_open", {EMFILE, ENFILE, ENOMEM}},
      {call::setpgid, "setpgid", {EPERM}},
      {call::close_range, "close_range", {EMFILE, ENOMEM}},
      {call::dup3, "dup3", {EBUSY, EMFILE}},
      {call::chdir, "chdir", {EACCES, EIO, ENOMEM}},
      {call::execve, "execve", {E2BIG, EAGAIN, EIO, EMFILE, ENOEXEC, ENOMEM, ETXTBSY}},
      {call::prlimit64, "prlimit64", {EPERM}},
      {call::rt_sigaction, "rt_sigaction", {EINVAL}},
      {call::rt_sigprocmask, "rt_sigprocmask", {EINVAL}},
      {call::operator_new, "operator new", {ENOMEM}},
  };
  return all;
}

}  // namespace

std::string_view name_of(call what) {
  return entries().at(static_cast<std::size_t>(what)).name;
}

std::vector<std::int32_t> failures_of(call what, bool by_asio) {
  auto failures = entries().at(static_cast<std::size_t>(what)).failures;
  if (by_asio) {
    std::erase(failures, EAGAIN);
    std::erase(failures, short_transfer);
  }
  return failures;
}

bool is_passing(call what, std::int32_t failure) {
  // To these three, EAGAIN says that there is no room, and not that there will be something later.
  bool const is_shortage = what == call::clone || what == call::execve || what == call::connect;
  return failure == EINTR || failure == short_transfer || (failure == EAGAIN && !is_shortage);
}

bool is_shortage(std::int32_t failure) {
  constexpr std::array shortages{EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS, ENOSPC};
  return std::find(shortages.begin(), shortages.end(), failure) != shortages.end();
}

std::string_view failure_name(std::int32_t failure) {
  if (failure == short_transfer) return "short";
  char const* const name = ::strerrorname_np(failure);
  return name != nullptr ? name : "?";
}

}  // namespace fault
