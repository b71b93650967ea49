#pragma once
// What a program that is kept in memory writes on its standard output and standard error: lines of
// the log, of which the last ones are kept for a diagnosis. Read on the keeper's thread.

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

  void set_name(std::string name) { name_ = std::move(name); }
  // Calls action when nobody can write to the pipe any more, now if nobody can.
  void when_ended(std::function<void()> action);

 private:
  static base::task<void> read_all(std::shared_ptr<program_log> self, base::executor ex,
                                   base::unique_fd pipe);

  std::string_view const code_;
  std::string name_;
  mutable std::mutex mutex_;  // of the lines
  std::vector<std::string> lines_;
  stderr_tail tail_;
  std::function<void()> on_end_;
  bool ended_ = false;
};

}  // namespace gatehouse::gateway
