#pragma once
// What a program that is kept in memory writes on its standard output and standard error: lines of
// the log, of which the last ones are kept for a diagnosis. Read on the keeper's thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/gateway/stderr_tail.hpp"

namespace gatehouse::gateway {

class program_log {
 public:
  // Reads from the pipe until nobody can write to it any more. code: the reason code of its lines;
  // a literal. name: what each line begins with.
  static std::shared_ptr<program_log> read(base::executor ex, base::unique_fd pipe,
                                           std::string_view code, std::string name);

  program_log(std::string_view code, std::string name);

  // The last lines that were written. Any thread.
  std::vector<std::string> last_lines() const;

  // How many there were, and the last ones behind so many. Any thread.
  std::uint64_t written() const;
  std::vector<std::string> lines_after(std::uint64_t number) const;

  // Whether bytes wait in the pipe that were not read. Any thread.
  bool has_unread() const;

  void set_name(std::string name) { name_ = std::move(name); }
  // Calls action when nobody can write to the pipe any more, now if nobody can.
  void when_ended(std::function<void()> action);

 private:
  void open(int pipe);
  bool read_some();
  static base::task<void> read_all(std::shared_ptr<program_log> self, base::executor ex,
                                   base::unique_fd pipe);

  std::string_view const code_;
  std::string name_;
  mutable std::mutex reading_;  // of the pipe
  int pipe_ = -1;
  mutable std::mutex mutex_;  // of the lines
  std::deque<std::string> lines_;
  std::uint64_t written_ = 0;
  stderr_tail tail_;
  std::function<void()> on_end_;
  bool ended_ = false;
};

}  // namespace gatehouse::gateway
