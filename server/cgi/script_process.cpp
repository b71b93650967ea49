#include "gatehouse/cgi/script_process.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <new>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/cgi/script_limit.hpp"
#include "gatehouse/process/pipe.hpp"
#include "gatehouse/process/pipe_holders.hpp"

namespace gatehouse::cgi {

script_process::script_process(http::exchange_context& context, run_plan& plan,
                               run_limits const& limits)
    : executor_(context.get_executor()),
      context_(&context),
      trace_sink_(context.trace_sink),
      limits_(limits),
      held_by_(plan.program.held_by),
      why_no_templates_(plan.why_no_templates),
      ordered_at_(std::chrono::steady_clock::now()),
      slot_(std::move(plan.slot)),
      spooled_(std::move(plan.input.spooled)),
      output_(executor_),
      errors_(executor_),
      tail_([this](std::string_view line) { on_stderr_line(line); }),
      unwatched_timer_(executor_),
      silence_(executor_, [this] { on_silence(); }),
      deadline_(executor_, [this] { fail(fault::deadline, base::errc::timed_out); }) {
  if (!traced() || !plan.program.warm) return;
  templates_ = plan.program.warm;
  script_ = plan.program.script;
}

base::error_code script_process::adopt(base::unique_fd& output, base::unique_fd errors) {
  unwatched_errors_ = std::move(errors);
  return output_.adopt(output);
}

void script_process::watch_client() {
  client_ = context_->when_client_leaves([weak = weak_from_this()] {
    if (auto const alive = weak.lock()) alive->fail(fault::client, base::errc::client_gone);
  });
  unwatched_timer_.expires_after(base::limits::unwatched_time);
  unwatched_timer_.async_wait([weak = weak_from_this()](base::error_code const& ec) {
    auto const alive = weak.lock();
    if (!ec && alive) alive->on_unwatched_time();
  });
}

// The script has run for longer than most.
void script_process::on_unwatched_time() {
  if (child_) return watch();
  if (state_ == state::ordered) state_ = state::late;
  // Whoever awaits the first output asks the launcher now whether the script runs.
  output_.cancel();
}

void script_process::begin(process::child_process child,
                           std::optional<process::start_way> const& way) {
  bool const unwatched = state_ == state::ordered && !traced();
  bool const unwanted = state_ == state::stopping;
  child_.emplace(std::move(child));
  state_ = state::unwatched;
  context_->record.script_pid = child_->pid();
  context_->record.started_warm = way && way->warm;
  if (traced()) report_start(way);
  child_->when_ended([weak = weak_from_this()] {
    if (auto const alive = weak.lock()) alive->on_end();
  });
  if (held_by_ != nullptr && held_by_->sandbox != nullptr) child_->kill_rest_at_end();
  if (unwanted) stop();
  if (!unwatched) watch();
  if (limits_.deadline > std::chrono::steady_clock::duration::zero())
    deadline_.set(limits_.deadline);
}

void script_process::watch() noexcept try {
  if (state_ != state::unwatched) return;
  state_ = state::watched;
  child_->watch();
  if (state_ == state::ended) return;
  boost::asio::co_spawn(executor_, log_stderr(shared_from_this()), boost::asio::detached);
} catch (std::bad_alloc const&) {
  base::log::write_about(base::log::level::error, "script-unwatched", log_name(),
                         "writes to its standard error unseen until it ends: out of memory");
}

void script_process::fail(fault what, base::error_code const& why) {
  if (fault_ == fault::none) {
    fault_ = what;
    failure_ = why;
  }
  stop();
  output_.cancel();
}

void script_process::stop() {
  watch();
  if (state_ == state::ended) return;
  bool const outlived = state_ == state::outlived;
  state_ = state::stopping;
  stopped_ = true;
  if (child_) child_->stop();
  if (outlived) settle();
}

void script_process::leave_output() {
  reading_ = reading::over;
  if (state_ == state::outlived) settle();
}

void script_process::leave_exchange() {
  client_.reset();
  context_ = nullptr;
}

base::task<void> script_process::output_or_end() {
  reading_ = reading::awaited;
  progressed();
  auto const [ec] = co_await output_.readable();
  bool const silent = ec && silence_.expired();
  reading_ = reading::open;
  silence_.clear();
  if (is_failure(ec)) fail(fault::system, ec);
  if (!silent || state_ != state::outlived) co_return;
  co_await log_holders();
  if (state_ == state::outlived) settle();
}

void script_process::progressed() {
  if (reading_ != reading::awaited) return;
  silence_.set(state_ == state::outlived ? base::limits::left_output_time : limits_.silence);
}

void script_process::on_silence() {
  if (state_ != state::outlived) return fail(fault::silence, base::errc::timed_out);
  output_.cancel();
}

base::task<bool> script_process::ended_soon() {
  bool const ended = co_await child_->ended_within(base::limits::exit_wait);
  co_return ended;
}

// The first process has ended. While other processes can write to the output, they are the script.
void script_process::on_end() {
  bool const over = stopped_ || reading_ == reading::over || !process::has_writer(output_.get());
  over ? settle() : outlive();
  // This comes after the last of its stderr, so that whoever hears of the end has all of that.
  if (traced()) report_end();
}

void script_process::outlive() {
  read_waiting_errors();
  watch();
  state_ = state::outlived;
  child_->keep_rest();
  progressed();
}

// The script is over, so its place is given back.
void script_process::settle() {
  state_ = state::ended;
  auto const freed = std::exchange(slot_, {});
  auto const freed_room = std::exchange(spooled_, {});
  if (context_ != nullptr) context_->note_contention(nullptr);
  read_waiting_errors();
  tail_.end();
  unwatched_errors_.reset();
  errors_.close();
  child_->release_rest();
  if (held_by_ != nullptr) log_limits();
  output_.cancel();
  unwatched_timer_.cancel();
  deadline_.clear();
}

// Reads what is in the pipe of standard error now, and not what a process goes on writing, perhaps
// faster than it is read.
void script_process::read_waiting_errors() {
  std::array<char, base::limits::small_read_bytes> buffer;
  int const fd = errors_.is_open() ? errors_.get() : unwatched_errors_.get();
  auto left = process::waiting_in(fd);
  while (left > 0) {
    auto const got = process::read_now(fd, boost::asio::buffer(buffer, left));
    auto const size = got ? got->value_or(0) : 0;
    if (size == 0) break;
    tail_.add({buffer.data(), size});
    left -= size;
  }
}

void script_process::log_limits() {
  limits_met_ =
      cgi::limits_met(*held_by_, {*child_->status(), child_->used(), stopped_, tail_.lines()});
  for (auto const& limit : limits_met_) base::log::warn("script-limit", log_name() + " " + limit);
}

base::task<void> script_process::log_holders() {
  auto const holders = co_await process::holders_of(executor_, output_.get());
  base::log::warn(
      "script-output-held",
      log_name() + " has ended, but " + process::holders_text(holders) +
          " still holds its standard output and has printed nothing for " +
          std::to_string(base::limits::left_output_time / std::chrono::seconds(1)) +
          " s: the answer ends without it. A program that is to go on by itself lets go "
          "of the output when it is started with >/dev/null 2>&1");
}

// The time that a cold start takes is that of the script's first output, which is what a warm start
// saves of.
void script_process::report_start(std::optional<process::start_way> const& way) {
  trace::process_started started{child_->pid()};
  if (way) {
    is_cold_ = !way->warm;
    started.warm = trace::warm_start{way->warm, std::nullopt, way->why_cold};
    if (templates_) started.warm->cold = templates_->cold_time(script_);
  } else if (!why_no_templates_.empty()) {
    started.warm = trace::warm_start{.why_cold = why_no_templates_};
  }
  trace(started);
}

void script_process::report_output(std::string_view bytes) {
  if (std::exchange(is_cold_, false) && templates_) {
    templates_->note_cold(script_, std::chrono::duration_cast<std::chrono::microseconds>(
                                       std::chrono::steady_clock::now() - ordered_at_));
  }
  trace(trace::stdout_bytes{bytes});
}

void script_process::report_end() const {
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  auto const& used = child_->used();
  trace(trace::process_ended{child_->pid(), *child_->status(), used,
                             used.ru_maxrss <= own.ru_maxrss, stopped_});
}

void script_process::on_stderr_line(std::string_view line) const {
  if (!traced() || !trace_sink_->prints_stderr())
    base::log::quote(base::log::level::warn, "script-stderr", log_name(), line);
  trace(trace::stderr_line{line, child_->pid()});
}

base::task<void> script_process::log_stderr(std::shared_ptr<script_process> self) {
  std::array<char, base::limits::small_read_bytes> buffer;
  auto& errors = self->errors_;
  // If the descriptor cannot be registered with epoll, it is read when the script ends.
  if (self->unwatched_errors_) static_cast<void>(errors.adopt(self->unwatched_errors_));
  while (errors.is_open()) {
    auto const got = process::read_now(errors.get(), boost::asio::buffer(buffer));
    bool const more_to_come = got && (!got->has_value() || **got > 0);
    if (!more_to_come) {
      errors.close();
      break;
    }
    if (got->has_value()) self->tail_.add({buffer.data(), **got});
    // This waits and does not read asynchronously, because on_end() also reads and has to find
    // everything that was not read yet.
    auto const [ec] = co_await errors.readable();
    // The script may still write, so on_end() closes the pipe.
    if (ec) break;
  }
  // The process keeps its place and its deadline as long as it runs, also without its outputs.
  co_await self->child_->ended();
}

}  // namespace gatehouse::cgi
