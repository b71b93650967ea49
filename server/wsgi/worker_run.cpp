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
  auto another = co_await gateway::take_program(from_, rules_.queue_timeout, *context_);
  if (another.has_error()) {
    no_worker_ = another.error();
  } else {
    with_->begin(std::move(*another));
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
  trace::recorder const trace(*context_);
  for (auto const& line : with_->told().traceback) {
    base::log::quote(base::log::level::warn, "wsgi-traceback", log_name(), line);
    trace(trace::stderr_line{line});
  }
  co_await with_->leave();
  context_ = nullptr;
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
  out.detail = told.sentence;
  out.help.explanation =
      fault ? "The application did what PEP 3333 does not allow: " + told.sentence + "."
            : "The application raised " + told.sentence + ".";
  return out;
}

http::http_error worker_run::failure(base::error_code const& why) const {
  if (no_worker_) return *no_worker_;
  switch (with_->what_failed()) {
    case fault::trouble:
      return trouble_error();
    case fault::silence:
      return gateway::script_timeout(rules_.limits.silence, true);
    case fault::deadline:
      return gateway::script_timeout(rules_.limits.deadline, false);
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
  out.stderr_lines = with_->told().traceback;
  auto const program = with_->program();
  if (!program || with_->what_failed() == fault::trouble) co_return out;
  if (with_->what_failed() == fault::gone) {
    base::timer pause(executor_);
    auto const until = std::chrono::steady_clock::now() + base::limits::exit_wait;
    while (!program->status() && std::chrono::steady_clock::now() < until) {
      pause.expires_after(base::limits::stop_look_interval);
      co_await pause.async_wait(base::as_result);
    }
    auto const status = program->status();
    out.explanation = "The worker " +
                      (status ? base::exit_text(*status) : std::string("has closed its socket")) +
                      " while it had this request.";
  }
  out.stderr_lines = program->last_lines();
  co_return out;
}

}  // namespace gatehouse::wsgi
