#include "gatehouse/process/pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::process {

base::result<pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::last_error();
  return pipe{base::unique_fd(ends[0]), base::unique_fd(ends[1])};
}

base::result<std::optional<std::size_t>> read_now(int end, boost::asio::mutable_buffer into) {
  while (true) {
    auto const got = ::read(end, into.data(), into.size());
    if (got >= 0) return std::optional(static_cast<std::size_t>(got));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return base::last_error();
  }
}

base::result<std::optional<std::size_t>> write_now(int end, std::string_view bytes) {
  while (true) {
    auto const put = ::write(end, bytes.data(), bytes.size());
    if (put >= 0) return std::optional(static_cast<std::size_t>(put));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return base::last_error();
  }
}

base::error_code write_whole(int end, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const put = ::write(end, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return base::last_error();
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

void widen(int end) {
  if (::fcntl(end, F_GETPIPE_SZ) >= base::limits::wide_pipe_bytes) return;
  ::fcntl(end, F_SETPIPE_SZ, base::limits::wide_pipe_bytes);
}

bool has_writer(int end) {
  ::pollfd polled{.fd = end, .events = 0, .revents = 0};
  return ::poll(&polled, 1, 0) < 0 || (polled.revents & POLLHUP) == 0;
}

std::size_t waiting_in(int end) {
  int size = 0;
  if (::ioctl(end, FIONREAD, &size) != 0) return 0;
  return static_cast<std::size_t>(std::max(0, size));
}

}  // namespace gatehouse::process
