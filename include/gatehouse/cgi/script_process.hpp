#pragma once
// The process behind one run of a script: from when it is ordered from the launcher to its end,
// which may come long after its answer. It keeps its place among the scripts that run, logs its
// standard error, and is stopped at its deadlines. What reads its output and speaks to the client
// is script_run; what feeds it is script_input.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/event.hpp"
#include "gatehouse/cgi/run_plan.hpp"
#include "gatehouse/cgi/script_pipe.hpp"
#include "gatehouse/gateway/stderr_tail.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/process/child_process.hpp"
#include "gatehouse/process/templates.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::cgi {

class script_process : public std::enable_shared_from_this<script_process> {
 public:
  // In the order in which a process goes through them; it may leave out any but the first and last.
  enum class state {
    ordered,    // The launcher has it, and it is not known yet whether it runs.
    late,       // The same, for longer than limits::unwatched_time.
    unwatched,  // It runs, and neither its stderr nor its end is registered with epoll: both are
                // checked when its output has ended.
    watched,    // It runs, its stderr is logged and its end is noticed as they come.
    stopping,   // The same, after the server told it to end.
    outlived,   // Its first process has ended, but another one still holds its output, and what
                // that one prints is part of the answer.
    ended,
  };

  // Why a run cannot give a whole answer any more.
  enum class fault {
    none,
    client,    // It has left.
    input,     // The request's body failed.
    silence,   // run_limits::silence
    deadline,  // run_limits::deadline
    system,    // A pipe failed, or there was no memory.
  };

  // Takes from the plan what is kept as long as the script runs.
  script_process(http::exchange_context& context, run_plan& plan, run_limits const& limits);

  // Takes over the pipes that the script writes to. Errors are the system's.
  base::error_code adopt(base::unique_fd& output, base::unique_fd errors);

  // The script has been ordered. From now on it is stopped when the client leaves, and watched when
  // it does not end within limits::unwatched_time.
  void watch_client();

  // The script runs, as this child. way: of the start, if --warm is in use.
  void begin(process::child_process child, std::optional<process::start_way> const& way);

  // Its stderr is logged and its end is noticed as they come from now on. Without memory its stderr
  // is read at its end.
  void watch() noexcept;

  // The run cannot give a whole answer any more: the script is stopped. The first reason counts.
  void fail(fault what, base::error_code const& why);

  // Has the script stopped: the whole group is asked to end, and killed after the grace period.
  void stop();

  // Nobody reads the output any more, because it is at its end or not wanted. The script is over as
  // soon as its first process has ended.
  void leave_output();

  // Whether the client leaves does not matter any more.
  void leave_client() { client_.reset(); }

  // The exchange is over; nothing of it is touched from now on.
  void leave_exchange();

  // Suspends until there is output to be read, or the output's end, or the script is over or the
  // run has failed. Past run_limits::silence the run fails; a script whose first process has ended
  // is over after limits::left_output_time, and the log says who still holds the output.
  base::task<void> output_or_end();

  // The script, or its input, moved on: its silence starts anew.
  void progressed();

  // Suspends until it has ended, for at most limits::exit_wait; gives whether it has.
  base::task<bool> ended_soon();

  // Reports what the script has printed.
  void report_output(std::string_view bytes);

  // Reports to whatever records the exchange, also after the exchange is over.
  bool traced() const { return trace_sink_ != nullptr; }
  template <class Event>
  void trace(Event const& what) const {
    trace::recorder const report(trace_sink_.get());
    report(what);
  }

  base::executor get_executor() const { return executor_; }
  fault what_failed() const { return fault_; }
  base::error_code const& failure() const { return failure_; }
  script_pipe& output() { return output_; }
  process::child_process& child() { return *child_; }
  bool is_over() const { return state_ == state::ended; }
  bool has_started() const { return child_.has_value(); }
  std::optional<int> status() const { return child_ ? child_->status() : std::nullopt; }
  // Looks now; does not suspend.
  bool has_ended() { return child_ && child_->has_ended(); }
  // Whether the server told it to end before it did.
  bool was_stopped() const { return stopped_; }
  // The script and its process, for a line of the log.
  std::string const& log_name() const { return child_->log_name(); }
  std::vector<std::string> const& stderr_lines() const { return tail_.lines(); }
  std::vector<std::string> const& limits_met() const { return limits_met_; }

 private:
  void on_unwatched_time();
  void on_silence();
  void on_end();
  void outlive();
  void settle();
  void read_waiting_errors();
  void log_limits();
  base::task<void> log_holders();
  void report_start(std::optional<process::start_way> const& way);
  void report_end() const;
  void on_stderr_line(std::string_view line) const;
  static base::task<void> log_stderr(std::shared_ptr<script_process> self);

  base::executor executor_;
  http::exchange_context* context_;  // null once the exchange is over
  std::shared_ptr<trace::sink> const trace_sink_;
  std::unique_ptr<http::subscription> client_;  // it leaves
  run_limits limits_;
  std::shared_ptr<process::containment const> held_by_;
  std::shared_ptr<process::templates> templates_;  // if the exchange is traced
  std::string script_;                             // the same
  std::string_view why_no_templates_;              // see gateway_rules
  std::chrono::steady_clock::time_point ordered_at_;
  bool is_cold_ = false;  // and has printed nothing yet
  script_slots::slot slot_;
  base::budget::part spooled_;  // what its input takes on the disk
  state state_ = state::ordered;
  bool stopped_ = false;
  fault fault_ = fault::none;
  base::error_code failure_;
  std::optional<process::child_process> child_;
  script_pipe output_;
  enum class reading { open, awaited, over } reading_ = reading::open;
  base::unique_fd unwatched_errors_;  // stderr, until it is watched
  script_pipe errors_;                // and from then on
  gateway::stderr_tail tail_;
  std::vector<std::string> limits_met_;  // of its limits
  base::timer unwatched_timer_;
  base::deadline silence_;
  base::deadline deadline_;
};

}  // namespace gatehouse::cgi
