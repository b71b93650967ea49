#pragma once
// The file or the standard error that the lines of a log are written to. No thread that writes a
// line waits for a full disk or for a reader who has stopped reading. Such lines are lost, and they
// are counted.

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
  // Standard error. Where writing to it could block, it is opened a second time without blocking:
  // the open file description of descriptor 2 is shared with other programs and stays as it is. To
  // be called before privileges are given up, since opening it may need them.
  static log_output standard_error();

  log_output() = default;  // writes to nothing
  log_output(log_output&& other) noexcept;
  log_output& operator=(log_output&& other) noexcept;

  // What a write has found out about lost lines, for its caller to log.
  struct news {
    std::optional<error_code> failing;  // lines are lost from now on, for this reason
    std::uint64_t lost = 0;             // lines are written again, after so many were lost
  };

  // Writes a line, which includes its line feed, by one write(2), so that the lines of several
  // threads do not mix. May be called from any thread. As long as nothing was lost, it waits up to
  // limits::log_wait for a reader who is behind. The result says something at most twice in each
  // limits::log_news_interval. Secrets (secrets.hpp) are taken out of the line.
  news write(std::string_view line) noexcept;

  // How many lines could not be written.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // How many of these no result of write() has mentioned yet.
  std::uint64_t unreported() const { return unreported_.load(std::memory_order_relaxed); }

 private:
  enum class way { none, by_write, by_write_when_ready, by_send };
  error_code put_without_secrets(std::string_view line) noexcept;
  error_code put(std::string_view line) noexcept;
  std::int64_t put_some(std::string_view bytes) const noexcept;
  bool wait_for_room() const noexcept;
  news note_lost(error_code const& why) noexcept;
  news note_written() noexcept;

  way how_ = way::none;
  unique_fd file_;  // empty: standard error
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> unreported_ = 0;
  std::atomic<std::chrono::steady_clock::duration> failing_since_{};  // when lines began to be lost
  std::atomic<bool> cut_short_ = false;  // what was written last is part of a line
};

}  // namespace gatehouse::base
