#include "gatehouse/gateway/program_log.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <utility>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/process/pipe.hpp"

namespace gatehouse::gateway {
namespace {

// A traceback of a framework fits in. What a recording keeps of a request is no more.
constexpr auto lines_kept = base::limits::traced_first_lines + base::limits::traced_last_lines;

}  // namespace

program_log::program_log(std::string_view code, std::string name)
    : code_(code), name_(std::move(name)), tail_([this](std::string_view line) {
        base::log::quote(base::log::level::warn, code_, name_, line);
        std::lock_guard const lock(mutex_);
        if (lines_.size() == lines_kept) lines_.pop_front();
        lines_.emplace_back(line);
        ++written_;
      }) {}

std::shared_ptr<program_log> program_log::read(base::executor ex, base::unique_fd pipe,
                                               std::string_view code, std::string name) {
  auto out = std::make_shared<program_log>(code, std::move(name));
  boost::asio::co_spawn(ex, read_all(out, ex, std::move(pipe)), boost::asio::detached);
  return out;
}

std::vector<std::string> program_log::last_lines() const {
  std::lock_guard const lock(mutex_);
  auto const count = std::min(lines_.size(), base::limits::stderr_lines_kept);
  return {lines_.end() - static_cast<std::ptrdiff_t>(count), lines_.end()};
}

std::uint64_t program_log::written() const {
  std::lock_guard const lock(mutex_);
  return written_;
}

std::vector<std::string> program_log::lines_after(std::uint64_t number) const {
  std::lock_guard const lock(mutex_);
  auto const count = std::min<std::uint64_t>(written_ - std::min(number, written_), lines_.size());
  return {lines_.end() - static_cast<std::ptrdiff_t>(count), lines_.end()};
}

bool program_log::has_unread() const {
  std::lock_guard const lock(reading_);
  return pipe_ >= 0 && process::waiting_in(pipe_) > 0;
}

void program_log::when_ended(std::function<void()> action) {
  if (ended_) return action();
  on_end_ = std::move(action);
}

void program_log::open(int pipe) {
  std::lock_guard const lock(reading_);
  pipe_ = pipe;
}

// Whether more may come.
bool program_log::read_some() {
  std::lock_guard const lock(reading_);
  std::array<char, base::limits::small_read_bytes> buffer;
  auto const got = process::read_now(pipe_, boost::asio::buffer(buffer));
  if (got.has_error() || (got->has_value() && **got == 0)) return false;
  if (got->has_value()) tail_.add({buffer.data(), **got});
  return true;
}

base::task<void> program_log::read_all(std::shared_ptr<program_log> self, base::executor ex,
                                       base::unique_fd pipe) {
  boost::asio::posix::basic_stream_descriptor<base::executor> from(ex);
  base::error_code error;
  from.assign(pipe.get(), error);
  if (!error) self->open(pipe.release());
  if (!error) from.native_non_blocking(true, error);
  while (!error) {
    auto const [ec] =
        co_await from.async_wait(boost::asio::posix::descriptor_base::wait_read, base::as_result);
    error = ec;
    if (!error && !self->read_some()) break;
  }
  self->open(-1);
  self->tail_.end();
  self->ended_ = true;
  if (auto const action = std::exchange(self->on_end_, nullptr)) action();
}

}  // namespace gatehouse::gateway
