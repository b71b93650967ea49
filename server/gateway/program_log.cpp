#include "gatehouse/gateway/program_log.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <utility>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::gateway {

program_log::program_log(std::string_view code, std::string name)
    : code_(code), name_(std::move(name)), tail_([this](std::string_view line) {
        base::log::quote(base::log::level::warn, code_, name_, line);
        std::lock_guard const lock(mutex_);
        if (lines_.size() == base::limits::stderr_lines_kept) lines_.erase(lines_.begin());
        lines_.emplace_back(line);
      }) {}

std::shared_ptr<program_log> program_log::read(base::executor ex, base::unique_fd pipe,
                                               std::string_view code, std::string name) {
  auto out = std::make_shared<program_log>(code, std::move(name));
  boost::asio::co_spawn(ex, read_all(out, ex, std::move(pipe)), boost::asio::detached);
  return out;
}

std::vector<std::string> program_log::last_lines() const {
  std::lock_guard const lock(mutex_);
  return lines_;
}

void program_log::when_ended(std::function<void()> action) {
  if (ended_) return action();
  on_end_ = std::move(action);
}

base::task<void> program_log::read_all(std::shared_ptr<program_log> self, base::executor ex,
                                       base::unique_fd pipe) {
  boost::asio::posix::basic_stream_descriptor<base::executor> from(ex);
  base::error_code error;
  from.assign(pipe.get(), error);
  if (!error) static_cast<void>(pipe.release());
  std::array<char, base::limits::small_read_bytes> buffer;
  while (!error) {
    auto const [ec, got] =
        co_await from.async_read_some(boost::asio::buffer(buffer), base::as_result);
    error = ec;
    self->tail_.add({buffer.data(), got});
  }
  self->tail_.end();
  self->ended_ = true;
  if (auto const action = std::exchange(self->on_end_, nullptr)) action();
}

}  // namespace gatehouse::gateway
