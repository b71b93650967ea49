#include "gatehouse/base/log_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/secrets.hpp"

namespace gatehouse::base {
namespace {

constexpr int append_flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

}  // namespace

result<log_output> log_output::open(std::string const& path) {
  log_output out;
  out.file_.reset(::open(path.c_str(), append_flags | O_CREAT, 0640));
  if (!out.file_) return last_error();
  out.how_ = way::by_write;
  return out;
}

log_output log_output::standard_error() {
  log_output out;
  struct stat is {};
  if (::fstat(STDERR_FILENO, &is) != 0) return out;
  out.how_ = way::by_write;
  if (S_ISSOCK(is.st_mode)) out.how_ = way::by_send;
  if (S_ISFIFO(is.st_mode) || S_ISCHR(is.st_mode)) {
    out.file_.reset(::open("/proc/self/fd/2", append_flags));
    if (!out.file_) out.how_ = way::by_write_when_ready;
  }
  return out;
}

log_output::log_output(log_output&& other) noexcept {
  *this = std::move(other);
}

log_output& log_output::operator=(log_output&& other) noexcept {
  how_ = std::exchange(other.how_, way::none);
  file_ = std::move(other.file_);
  lost_ = other.lost_.exchange(0);
  unreported_ = other.unreported_.exchange(0);
  failing_since_ = other.failing_since_.load();
  cut_short_ = other.cut_short_.load();
  return *this;
}

log_output::news log_output::write(std::string_view line) noexcept {
  if (how_ == way::none) return {};
  if (auto const why = put_without_secrets(line)) return note_lost(why);
  if (unreported_.load(std::memory_order_relaxed) == 0) return {};
  return note_written();
}

// A line that cannot be searched for secrets, for lack of memory, is not written.
error_code log_output::put_without_secrets(std::string_view line) noexcept try {
  auto const cleared = without_secrets(line);
  return put(cleared ? *cleared : line);
} catch (std::bad_alloc const&) {
  return make_error_code(boost::system::errc::not_enough_memory);
}

// If a full disk cut a line short, the line is ended before the next one is written.
error_code log_output::put(std::string_view line) noexcept {
  bool const torn = cut_short_.load(std::memory_order_relaxed);
  if (torn && put_some("\n") != 1) return last_error();
  if (torn) cut_short_ = false;
  auto const size = static_cast<std::int64_t>(line.size());
  auto written = put_some(line);
  bool const behind = written < 0 && errno == EAGAIN;
  if (behind && unreported() == 0 && wait_for_room()) written = put_some(line);
  if (written == size) return {};
  if (written < 0) return last_error();
  if (written > 0) cut_short_ = true;
  return make_error_code(boost::system::errc::no_space_on_device);
}

std::int64_t log_output::put_some(std::string_view bytes) const noexcept {
  int const fd = file_ ? file_.get() : STDERR_FILENO;
  if (how_ == way::by_write_when_ready) {
    pollfd room{fd, POLLOUT, 0};
    if (::poll(&room, 1, 0) == 0) {
      errno = EAGAIN;
      return -1;
    }
  }
  ssize_t written = -1;
  do {
    written = how_ == way::by_send
                  ? ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                  : ::write(fd, bytes.data(), bytes.size());
  } while (written < 0 && errno == EINTR);
  return written;
}

bool log_output::wait_for_room() const noexcept {
  pollfd room{file_ ? file_.get() : STDERR_FILENO, POLLOUT, 0};
  return ::poll(&room, 1, static_cast<int>(limits::log_wait.count())) == 1;
}

log_output::news log_output::note_lost(error_code const& why) noexcept {
  ++lost_;
  if (unreported_.fetch_add(1) != 0) return {};
  failing_since_ = coarse_now().time_since_epoch();
  return {.failing = why, .lost = 0};
}

log_output::news log_output::note_written() noexcept {
  auto const since = coarse_now().time_since_epoch() - failing_since_.load();
  if (since < limits::log_news_interval) return {};
  return {.failing = std::nullopt, .lost = unreported_.exchange(0)};
}

}  // namespace gatehouse::base
