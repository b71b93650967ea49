#pragma once
// Where the lines of a log go: a file, or standard error. Nobody who writes a line waits for a full
// disk or for a reader who has stopped reading: such lines are lost, and counted.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::base {

class log_output {
 public:
  // A file to append to, made with mode 0640 if it is not there. The error is that of open(2); of a
  // named pipe that nobody reads it is ENXIO.
  static result<log_output> open(std::string const& path);
  // Descriptor 2, by a description of its own where it could block: what is shared with other
  // programs stays as it is. To be called before privileges are given up.
  static log_output standard_error();

  log_output() = default;  // writes to nothing
  log_output(log_output&& other) noexcept;
  log_output& operator=(log_output&& other) noexcept;

  // What there is to tell about lost lines after a write.
  struct news {
    std::optional<error_code> failing;  // lines are lost from now on, for this reason
    std::uint64_t lost = 0;             // lines are written again, after so many were lost
  };

  // Writes a line with its line feed, in one write(2): those of several threads do not mix. May be
  // called from any thread. A reader who is behind is waited for, limits::log_wait at the most, as
  // long as nothing was lost. Gives news at most twice a limits::log_news_interval.
  news write(std::string_view line) noexcept;

  // Lines that could not be written.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // Those of them that no news has told of.
  std::uint64_t untold() const { return untold_.load(std::memory_order_relaxed); }

 private:
  enum class way { none, by_write, by_write_when_ready, by_send };
  error_code put(std::string_view line) noexcept;
  std::int64_t put_some(std::string_view bytes) const noexcept;
  bool wait_for_room() const noexcept;
  news note_lost(error_code const& why) noexcept;
  news note_written() noexcept;

  way how_ = way::none;
  unique_fd file_;  // empty: standard error
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> untold_ = 0;
  std::atomic<std::chrono::steady_clock::duration> told_at_{};  // when lines began to be lost
  std::atomic<bool> torn_ = false;  // what was written last is part of a line
};

}  // namespace gatehouse::base
