#include "gatehouse/wsgi/worker_run.hpp"

#include <sys/wait.h>

#include <utility>

#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/gateway/take_program.hpp"

namespace gatehouse::wsgi {
namespace {

using fault = dialogue::fault;
using state = dialogue::state;

// How often it is looked, for a traced exchange, whether what its worker wrote has been read.
constexpr auto line_look_interval = std::chrono::microseconds(500);

}  // namespace

worker_run::worker_run(process::pool& from, run_rules const& rules, http::exchange_context& context,
                       std::shared_ptr<dialogue> with)
    : from_(from),
      rules_(rules),
      context_(&context),
      executor_(context.get_executor()),
      with_(std::move(with)) {}

worker_run::~worker_run() {
  with_->abandon();
}

void worker_run::begin(process::pool::lease worker) {
  trace::recorder const trace(*context_);
  if (trace) {
    lines_before_ = worker.program()->lines_written();
    trace(trace::application_asked{"WSGI", rules_.application, true, worker.program()->pid()});
  }
  with_->begin(std::move(worker));
}

// What there is to say where no output comes; nothing if the request is to go to another worker.
std::optional<base::result<std::size_t>> worker_run::end_of_output() const {
  if (no_worker_) return base::result<std::size_t>(base::errc::stopped);
  if (with_->now() == state::ended) return base::result<std::size_t>(std::size_t{0});
  if (with_->now() == state::failed) return base::result<std::size_t>(with_->failure());
  return std::nullopt;
}

// Nothing is ever asked twice of an application: the worker that had the request ended before it
// began.
base::task<void> worker_run::ask_again() {
  if (++attempts_ > base::limits::kept_attempts) {
    no_worker_ = http::try_again_later("wsgi-workers-end", "one worker after the other has ended");
    co_return;
  }
  auto another =
      co_await gateway::take_program(from_, rules_.application, rules_.queue_timeout, *context_);
  if (another.has_error()) {
    no_worker_ = another.error();
  } else {
    begin(std::move(*another));
  }
}

base::task<base::result<std::size_t>> worker_run::read_output(boost::asio::mutable_buffer buffer) {
  while (true) {
    if (auto const got = co_await with_->read(buffer)) co_return got;
    if (auto const end = end_of_output()) co_return *end;
    co_await ask_again();
  }
}

base::task<base::result<std::optional<std::size_t>>> worker_run::read_output_within(
    boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration limit) {
  auto const got = co_await with_->read_within(buffer, limit);
  if (!got || *got > 0) co_return got;
  auto const end = end_of_output();
  if (end && end->has_error()) co_return end->error();
  co_return got;
}

std::optional<std::size_t> worker_run::read_output_at_once(boost::asio::mutable_buffer buffer) {
  return with_->read_now(buffer);
}

base::task<void> worker_run::finish() {
  auto const& told = with_->told();
  auto const& sink = context_->trace_sink;
  if (!sink || !sink->prints_stderr()) {
    for (auto const& line : told.traceback)
      base::log::quote(base::log::level::warn, "wsgi-traceback", log_name(), line);
  }
  if (sink) co_await report_rest();
  co_await with_->leave();
  context_ = nullptr;
}

// What is known only when the answer is over: how it failed, and what was written meanwhile.
base::task<void> worker_run::report_rest() {
  trace::recorder const trace(*context_);
  auto const& told = with_->told();
  bool const misuse = told.code == "wsgi-bad-answer";
  if (with_->what_failed() == fault::trouble)
    trace(trace::application_raised{told.sentence, misuse, told.traceback});
  auto const program = with_->program();
  if (!program) co_return;
  if (with_->what_failed() == fault::gone) {
    co_await await_worker_end();
    trace(trace::worker_ended{program->status()});
  }
  co_await await_lines();
  for (auto const& line : program->lines_after(lines_before_)) trace(trace::stderr_line{line});
}

// Another thread reads what the worker writes, and does so soon.
base::task<void> worker_run::await_lines() {
  base::timer pause(executor_);
  auto const until = std::chrono::steady_clock::now() + base::limits::exit_wait;
  while (with_->program()->lines_waiting() && std::chrono::steady_clock::now() < until) {
    pause.expires_after(line_look_interval);
    co_await pause.async_wait(base::as_result);
  }
}

base::task<void> worker_run::await_worker_end() {
  base::timer pause(executor_);
  auto const until = std::chrono::steady_clock::now() + base::limits::exit_wait;
  while (!with_->program()->status() && std::chrono::steady_clock::now() < until) {
    pause.expires_after(base::limits::stop_look_interval);
    co_await pause.async_wait(base::as_result);
  }
}

// For people.
std::string worker_run::worker_text() const {
  return "worker " + log_name();
}

gateway::program_end worker_run::end_now() {
  using gateway::ending;
  if (with_->now() == state::ended) return {.how = ending::well, .text = "answered"};
  if (with_->now() != state::failed) return {};
  bool const by_us = with_->what_failed() == fault::client || with_->what_failed() == fault::input;
  return {.how = by_us ? ending::stopped : ending::broken, .text = "did not answer to the end"};
}

base::task<gateway::program_end> worker_run::end() {
  co_return end_now();
}

std::string worker_run::log_name() const {
  auto const& program = with_->program();
  return program ? program->log_name() : rules_.application;
}

http::http_error worker_run::trouble_error() const {
  auto const& told = with_->told();
  bool const fault = told.code == "wsgi-bad-answer";
  http::http_error out{.status = 500, .reason = fault ? "wsgi-bad-answer" : "wsgi-exception"};
  out.detail = (fault ? "" : "the application raised ") + told.sentence;
  out.help.explanation =
      fault ? "The application did what PEP 3333 does not allow: " + told.sentence + "."
            : "The application raised " + told.sentence + ".";
  return out;
}

http::http_error worker_run::late_error(std::chrono::steady_clock::duration limit,
                                        bool by_silence) const {
  auto out = gateway::script_timeout(limit, by_silence);
  auto const time = gateway::seconds_text(limit);
  out.help.explanation =
      by_silence
          ? "The " + worker_text() + " sent nothing for " + time +
                ", and was stopped and replaced. --script-timeout says how long it may be "
                "silent."
          : "The " + worker_text() + " had not ended its answer after " + time +
                ", and was stopped and replaced. --script-deadline says how long it may take.";
  return out;
}

http::http_error worker_run::failure(base::error_code const& why) const {
  if (no_worker_) return *no_worker_;
  switch (with_->what_failed()) {
    case fault::trouble:
      return trouble_error();
    case fault::silence:
      return late_error(rules_.limits.silence, true);
    case fault::deadline:
      return late_error(rules_.limits.deadline, false);
    case fault::gone:
      return {.status = 502,
              .reason = "wsgi-worker-ended",
              .detail = "the worker ended before its answer did"};
    case fault::protocol:
      return {.status = 502,
              .reason = "wsgi-protocol",
              .detail = "the worker sent what no worker sends"};
    default:
      return gateway::pipe_failure(why);
  }
}

base::task<http::diagnosis> worker_run::diagnosis() {
  http::diagnosis out;
  out.file = rules_.directory;
  out.traceback = with_->told().traceback;
  auto const program = with_->program();
  if (!program || with_->what_failed() == fault::trouble) co_return out;
  if (with_->what_failed() == fault::gone) {
    co_await await_worker_end();
    auto const status = program->status();
    out.explanation = "The " + worker_text() + " " +
                      (status ? base::exit_text(*status) : std::string("has closed its socket")) +
                      " while it had this request, and is replaced.";
  }
  out.stderr_lines = program->last_lines();
  co_return out;
}

}  // namespace gatehouse::wsgi
