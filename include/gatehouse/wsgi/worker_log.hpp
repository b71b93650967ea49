#pragma once
// What a worker writes on its standard output and standard error: lines of the log, of which the
// last ones are kept for a diagnosis. Read on the keeper's thread.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/gateway/stderr_tail.hpp"

namespace gatehouse::wsgi {

class worker_log {
 public:
  // Reads from the pipe until nobody can write to it any more, and calls on_end then, if there is
  // one. name: what each line begins with.
  static std::shared_ptr<worker_log> read(base::executor ex, base::unique_fd pipe,
                                          std::string name);

  explicit worker_log(std::string name);

  // The last lines. Any thread.
  std::vector<std::string> last_lines() const;

  void set_name(std::string name) { name_ = std::move(name); }
  void when_ended(std::function<void()> action);

 private:
  static base::task<void> read_all(std::shared_ptr<worker_log> self, base::executor ex,
                                   base::unique_fd pipe);

  std::string name_;
  mutable std::mutex mutex_;  // of the lines
  std::vector<std::string> lines_;
  gateway::stderr_tail tail_;
  std::function<void()> on_end_;
  bool ended_ = false;
};

}  // namespace gatehouse::wsgi
