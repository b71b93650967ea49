#include "gatehouse/net/exchange_runner.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <exception>
#include <new>

#include "gatehouse/base/log.hpp"

namespace gatehouse::net {
namespace {

// 499 appears only in the log: the client closed before we answered.
constexpr unsigned client_left_status = 499;

std::atomic<std::uint64_t> exchanges_traced = 0;

// A client's mistake is told to the client. One that the author of a file has to mend, such as a
// script that cannot run, is a warning.
base::log::level level_of(http::http_error const& error) {
  using base::log::level;
  if (error.status >= 500) return level::error;
  if (error.status == 404) return level::debug;
  return error.help.file.empty() ? level::info : level::warn;
}

// What went wrong. The explanation of a script's failure says all that the detail does, but for the
// line of its output; the line of the log has the script's name already.
std::string reason_text(http::http_error const& error, http::exchange_record const& record) {
  auto const& explanation = error.help.explanation;
  if (!record.script.empty() && !explanation.empty()) {
    auto const number = error.help.marked_line;
    return (number > 0 ? "line " + std::to_string(number) + " of its output: " : "") + explanation;
  }
  std::string out(error.detail.empty() ? http::reason_phrase(error.status) : error.detail);
  if (!explanation.empty() && explanation != out) out.append(". ").append(explanation);
  return out;
}

// Writes one line for a refusal, with its reason code, where it is answered.
void log_refusal(http::http_error const& error, http::exchange_context const& context) {
  auto const how = level_of(error);
  if (!base::log::enabled(how)) return;
  std::string line = std::to_string(error.status) + " to " + context.client().address() + ": " +
                     http::script_prefix(context.record) + reason_text(error, context.record);
  if (!error.help.command.empty()) line.append(" Try:");
  base::log::write(how, error.reason, line, error.help.command);
}

// The answer when a handler has thrown an exception. The connection ends after it, because nobody
// knows what the handler left undone.
http::http_error failure_of(std::exception const& e) {
  bool const out_of_memory = dynamic_cast<std::bad_alloc const*>(&e) != nullptr;
  http::http_error error{.status = out_of_memory ? 503U : 500U,
                         .reason = out_of_memory ? "out-of-memory" : "handler-failed",
                         .close = true};
  error.detail = e.what();
  return error;
}

}  // namespace

// Reads the clocks only if the exchange is logged or traced, because exact clocks are expensive.
exchange_runner::exchange_runner(base::executor executor, http::peer const& client,
                                 service const& shared, std::optional<http::steady_time> connected)
    : exchange_context(executor, client), shared_(shared) {
  if (!shared.log_exchange && shared.tracer == nullptr) return;
  record.received_at = std::chrono::system_clock::now();
  record.started = std::chrono::steady_clock::now();
  if (shared.tracer == nullptr) return;
  number = ++exchanges_traced;
  trace_sink = shared.tracer->begin(*this, connected);
}

std::optional<http::outcome> exchange_runner::ask_at_once(http::request const& request) try {
  return shared_.handler->answer_at_once(request, *this);
} catch (std::exception const& e) {
  return failure_of(e);
}

base::task<http::outcome> exchange_runner::ask(http::request const& request,
                                               http::body_source& body) {
  http::outcome failed;
  try {
    co_return co_await shared_.handler->handle(request, body, *this);
  } catch (std::exception const& e) {
    failed = failure_of(e);
  }
  // Coroutines that the handler has left behind were cancelled, and use the body and this exchange
  // until they had their turn.
  co_await boost::asio::post(get_executor(), base::as_result);
  co_return failed;
}

http::response* exchange_runner::to_response(http::outcome& outcome, http::request const& request) {
  if (auto const* const redirect = std::get_if<http::local_redirect>(&outcome)) {
    http::http_error unfollowed{.status = 500, .reason = "redirect-unhandled"};
    unfollowed.detail = "a local redirect to " + redirect->target + " reached the connection";
    outcome = std::move(unfollowed);
  }
  if (auto* const error = std::get_if<http::http_error>(&outcome)) {
    // Every 503 says when the client may come again.
    if (error->status == 503) http::add_retry_after(*error);
    record.reason = error->reason;
    record.status = error->status;
    trace::recorder const trace(*this);
    trace(trace::failed{*error});
    log_refusal(*error, *this);
    if (error->status == client_left_status) return nullptr;
    auto rendered = shared_.render_error(*error, &request, client().is_local(), number);
    outcome = std::move(rendered);
  }
  auto& response = std::get<http::response>(outcome);
  record.status = response.status;
  return &response;
}

http::response exchange_runner::to_response(http::http_error const& error) {
  record.reason = error.reason;
  trace::recorder const trace(*this);
  trace(trace::failed{error});
  log_refusal(error, *this);
  auto response = shared_.render_error(error, nullptr, client().is_local(), number);
  record.status = response.status;
  return response;
}

void exchange_runner::end(http::request const* request, base::error_code const& error) {
  // If a program's content was cut short, the reason has been logged already.
  if (error == base::errc::truncated && record.reason.empty()) {
    base::log::warn(
        "content-under-length",
        http::script_prefix(record) + "the content ended before its length; the connection is cut");
  }
  if (error == base::errc::too_slow) {
    base::log::info(record.reason, http::script_prefix(record) + "the response to " +
                                       client().address() + " is cut");
  }
  if (!is_reported()) return;
  record.client_left = error == base::errc::client_gone;
  record.ended = std::chrono::steady_clock::now();
  if (!record.first_byte && record.complete) record.first_byte = record.ended;  // sent at once
  if (shared_.log_exchange) shared_.log_exchange(request, *this);
  trace::recorder const trace(*this);
  trace(trace::ended{record});
}

}  // namespace gatehouse::net
