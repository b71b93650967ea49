#include "gatehouse/net/connection.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <exception>
#include <new>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/http/request_parser.hpp"
#include "gatehouse/net/client_watch.hpp"
#include "gatehouse/net/request_body.hpp"
#include "gatehouse/net/response_writer.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::net {
namespace {

// Bytes of the read buffer beyond a head: framing of a chunked body, or the start of what follows.
constexpr std::size_t buffer_beyond_head = base::limits::chunk_framing_bytes + 8 * 1024;

// Empty lines before a request line are ignored (RFC 9112, 2.2), but not without end.
constexpr int empty_lines_ignored = 4;

// A number for the log alone: nobody is there to read an answer, or it asked for none to the end.
constexpr unsigned client_left_status = 499;

std::atomic<std::uint64_t> exchanges_traced = 0;

// A refusal is logged where it is answered: one line, with its reason code.
void log_refusal(http::http_error const& error, http::exchange_context const& context) {
  using base::log::level;
  auto const how = error.status >= 500   ? level::error
                   : error.status == 404 ? level::debug
                                         : level::info;
  if (!base::log::enabled(how)) return;
  std::string line = std::to_string(error.status) + " to " +
                     context.remote().address().to_string() + ": " +
                     http::script_prefix(context.record);
  line.append(error.detail.empty() ? http::reason_phrase(error.status) : error.detail);
  if (!error.help.explanation.empty()) line.append(". ").append(error.help.explanation);
  if (!error.help.command.empty()) line.append(" Try:");
  base::log::write(how, error.reason, line, error.help.command);
}

// Where a handler could not go on: the answer, after which the connection ends, since nobody knows
// what was left undone.
http::http_error failure_of(std::exception const& e) {
  bool const out_of_memory = dynamic_cast<std::bad_alloc const*>(&e) != nullptr;
  http::http_error error{.status = out_of_memory ? 503U : 500U,
                         .reason = out_of_memory ? "out-of-memory" : "handler-failed",
                         .close = true};
  error.detail = e.what();
  return error;
}

http::http_error late_head(std::string_view reason, std::string detail) {
  http::http_error late{.status = 408, .reason = reason, .close = true};
  late.detail = std::move(detail);
  return late;
}

}  // namespace

// The exchange as handlers see it.
class connection::exchange final : public http::exchange_context {
 public:
  explicit exchange(connection& c)
      : exchange_context(c.client_.socket().get_executor(), c.ends_.remote, c.ends_.local),
        client_(c.client_) {
    record.received_at = std::chrono::system_clock::now();
    record.started = std::chrono::steady_clock::now();
    if (c.shared_->tracer == nullptr) return;
    number = ++exchanges_traced;
    told_ = c.shared_->tracer->begin(*this, std::exchange(c.connected_, std::nullopt));
    trace_sink = told_.get();
  }
  ~exchange() override { client_.press_when(nullptr); }
  void holds_scarce(std::atomic<std::size_t> const* waiting) override {
    client_.press_when(waiting);
  }
  std::unique_ptr<http::subscription> when_client_leaves(std::function<void()> action) override {
    auto watch = std::make_unique<client_watch>(client_, watches_, std::move(action));
    watch->start();
    return watch;
  }
  void cut() {
    auto const untold = [&] {
      return std::find_if_not(watches_.begin(), watches_.end(),
                              [](client_watch const* watch) { return watch->has_told(); });
    };
    for (auto next = untold(); next != watches_.end(); next = untold()) (*next)->tell();
  }

 private:
  std::unique_ptr<trace::sink> told_;
  client_stream& client_;
  std::vector<client_watch*> watches_;  // that live
};

connection::connection(tcp_socket socket, std::shared_ptr<service const> shared)
    : connection(std::move(socket), std::move(shared), {}) {
  boost::system::error_code ignored;
  ends_.remote = client_.socket().remote_endpoint(ignored);
  ends_.local = client_.socket().local_endpoint(ignored);
}

connection::connection(tcp_socket socket, std::shared_ptr<service const> shared,
                       connection_ends ends)
    : client_(std::move(socket), shared->limits.header_limit_bytes + buffer_beyond_head,
              shared->limits.least_rate),
      shared_(std::move(shared)),
      ends_(std::move(ends)) {
  boost::system::error_code ignored;
  client_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  client_.socket().native_non_blocking(true, ignored);
  if (shared_->tracer != nullptr) connected_ = std::chrono::steady_clock::now();
}

// Waits for a head here, and not in a coroutine of its own: while a connection is idle, frames are
// most of what it takes.
base::task<void> connection::run() {
  while (!cut_) {
    if (head_has_begun()) {
      bool const go_on = co_await serve_one();
      take_next_service();
      bool const is_ahead = !client_.buffered().empty();
      if (go_on && is_ahead) co_await let_others_run();
      if (go_on) continue;
      if (!cut_ && !displaced_) co_await linger();
      break;
    }
    if (!finishing_) enter(stage::idle);
    base::error_code error;
    if (!finishing_) error = co_await client_.wait_for_input(shared_->limits.idle_timeout);
    if (!take_input(error)) break;
  }
  client_.close();
}

void connection::serve_with(std::shared_ptr<service const> other) {
  next_ = std::move(other);
  if (current_ == nullptr) take_next_service();
}

// Between two exchanges: nothing of the old one is in use.
void connection::take_next_service() {
  if (!next_) return;
  shared_ = std::exchange(next_, nullptr);
  client_.limit_buffer(shared_->limits.header_limit_bytes + buffer_beyond_head);
  client_.hold_to(shared_->limits.least_rate);
}

void connection::finish_soon() {
  finishing_ = true;
  if (stage_ == stage::idle) client_.cancel();
}

void connection::make_room() {
  finishing_ = displaced_ = true;
  if (stage_ != stage::busy) client_.cancel();
}

void connection::cut() {
  finishing_ = cut_ = true;
  if (current_ != nullptr) current_->cut();
  client_.cancel();
}

// After the wait for a head. False: no answer is due any more. A client that had sent a request
// when the connection was to end still gets its answer.
bool connection::take_input(base::error_code const& waited) {
  if (waited && !finishing_) return false;
  enter(stage::busy);
  auto const read = client_.fill_at_once();
  if (read.has_error() || *read == 0) return false;
  return read->has_value() || !finishing_;
}

void connection::taken_down() {
  current_ = nullptr;
  client_.reset_on_close();
  client_.close();
}

void connection::enter(stage now) {
  if (std::exchange(stage_, now) != now && stages_ != nullptr) stages_->entered(now);
}

// Whether the first bytes of a head are there. Empty lines before it are skipped.
bool connection::head_has_begun() {
  while (client_.buffered().starts_with("\r\n") && empty_lines_ < empty_lines_ignored) {
    client_.consume(2);
    ++empty_lines_;
  }
  return !client_.buffered().empty() && client_.buffered() != "\r";
}

// The size of the head at the front of the buffer, once it is whole; nothing if the client closed
// before that. 408 when it takes longer than the header timeout, comes too slowly, or its place is
// needed.
base::task<http::result<std::optional<std::size_t>>> connection::read_rest_of_head(
    http::head_scanner& scanner) {
  auto const until = std::chrono::steady_clock::now() + shared_->limits.header_timeout;
  while (true) {
    auto const left = until - std::chrono::steady_clock::now();
    enter(stage::in_head);
    auto const read = co_await client_.fill(std::max<duration>(left, duration::zero()));
    enter(stage::busy);
    if (read.has_error() && read.error() == base::errc::timed_out)
      co_return late_head("head-timeout", "the request head did not come in time");
    if (read.has_error() && read.error() == base::errc::too_slow)
      co_return late_head("head-too-slow", "the request head came slower than the least rate");
    if (read.has_error() && displaced_)
      co_return late_head("head-displaced", "the request head was awaited and the place needed");
    if (read.has_error() || *read == 0) co_return std::optional<std::size_t>();
    auto const size = scanner.scan(client_.buffered());
    if (size.has_error() || size->has_value()) co_return size;
  }
}

// One request and its response. True: the connection goes on.
base::task<bool> connection::serve_one() {
  exchange context(*this);
  current_ = &context;
  client_.begin_exchange();
  empty_lines_ = 0;
  http::head_scanner scanner(shared_->limits.header_limit_bytes);
  auto size = scanner.scan(client_.buffered());
  bool const incomplete = size && !size->has_value();
  if (incomplete) size = co_await read_rest_of_head(scanner);
  bool go_on = false;
  if (size.has_error()) {
    trace::recorder const trace(context);
    trace(trace::request_head{client_.buffered()});
    go_on = co_await refuse(size.error(), context);
  } else if (size->has_value()) {
    auto const head = client_.buffered().substr(0, **size);
    trace::recorder const trace(context);
    trace(trace::request_head{head});
    auto const request = http::parse_request(head, shared_->limits.body_limit_bytes);
    client_.consume(**size);
    if (request.has_error()) {
      go_on = co_await refuse(request.error(), context);
    } else {
      go_on = co_await serve_request(*request, context);
    }
  }
  current_ = nullptr;
  co_return go_on;
}

base::task<bool> connection::serve_request(http::request const& request, exchange& context) {
  trace::recorder const trace(context);
  trace(trace::request_parsed{request});
  auto& body = body_.emplace(client_, request, shared_->limits.body_limit_bytes,
                             shared_->limits.idle_timeout);
  std::optional<http::outcome> outcome;
  try {
    outcome = shared_->handler->answer_at_once(request, context);
    if (!outcome) outcome = co_await shared_->handler->handle(request, body, context);
  } catch (std::exception const& e) {
    outcome = failure_of(e);
  }
  auto* const response = to_response(*outcome, request, context);
  if (response == nullptr) {
    end(&request, context, base::errc::client_gone);
    co_return false;
  }
  body.response_began();
  // A script that is answering may still be reading its input; what it leaves is seen to
  // afterwards.
  bool const streamed = std::holds_alternative<http::stream>(response->body);
  bool const keep_alive =
      request.keep_alive && !winding_down_ && !finishing_ && (streamed || body.can_be_drained());
  auto const plan = plan_response(*response, &request, keep_alive);
  auto const begun = begin_response(client_, *response, plan, &request, context);
  base::error_code error;
  if (!begun.whole) {
    error = co_await finish_response(client_, begun, *response, plan, context,
                                     shared_->limits.idle_timeout);
  }
  // Without a length or a last chunk only a reset tells that something is missing.
  if (error && plan.how == framing::until_close) client_.reset_on_close();
  if (streamed) co_await std::get<http::stream>(response->body).source->finish();
  end(&request, context, error);
  if (error || !plan.keep_alive || cut_) co_return false;
  if (body.at_end()) co_return true;
  co_return co_await body.drain();
}

// What the client is to be sent, which is then the outcome; null if it has left.
http::response* connection::to_response(http::outcome& outcome, http::request const& request,
                                        exchange& context) {
  if (auto const* const redirect = std::get_if<http::local_redirect>(&outcome)) {
    http::http_error unfollowed{.status = 500, .reason = "redirect-unhandled"};
    unfollowed.detail = "a local redirect to " + redirect->target + " reached the connection";
    outcome = std::move(unfollowed);
  }
  if (auto* const error = std::get_if<http::http_error>(&outcome)) {
    // Whoever is told that the server is short of something is told when to come again.
    if (error->status == 503) http::add_retry_after(*error);
    context.record.reason = error->reason;
    context.record.status = error->status;
    trace::recorder const trace(context);
    trace(trace::failed{*error});
    log_refusal(*error, context);
    if (error->status == client_left_status) return nullptr;
    auto rendered = shared_->render_error(*error, &request, context.client_is_loopback());
    outcome = std::move(rendered);
  }
  auto& response = std::get<http::response>(outcome);
  context.record.status = response.status;
  return &response;
}

// The last step of every exchange. After an error nothing more can be said on the connection.
void connection::end(http::request const* request, exchange& context, base::error_code error) {
  // A program's content comes with its own reason, which has been logged.
  if (error == base::errc::truncated && context.record.reason.empty()) {
    base::log::warn("content-under-length",
                    http::script_prefix(context.record) +
                        "the content ended before its length; the connection is cut");
  }
  if (error == base::errc::too_slow) {
    context.record.reason = client_.reader_was_slow() ? "reader-too-slow" : "body-too-slow";
    base::log::info(context.record.reason, http::script_prefix(context.record) +
                                               "the response to " +
                                               ends_.remote.address().to_string() + " is cut");
    // What waits to be sent to somebody who does not read it is kernel memory.
    client_.reset_on_close();
  }
  if (error) cut_ = true;
  trace::recorder const trace(context);
  if (!shared_->log_exchange && !trace) return;
  auto& record = context.record;
  record.ended = std::chrono::steady_clock::now();
  if (!record.first_byte && record.complete) record.first_byte = record.ended;  // sent at once
  if (shared_->log_exchange) shared_->log_exchange(request, context);
  trace(trace::ended{record});
}

// Answers a request that never reached a handler.
base::task<bool> connection::refuse(http::http_error error, exchange& context) {
  context.record.reason = error.reason;
  trace::recorder const trace(context);
  trace(trace::failed{error});
  log_refusal(error, context);
  auto response = shared_->render_error(error, nullptr, context.client_is_loopback());
  context.record.status = response.status;
  auto const plan = plan_response(response, nullptr, false);
  auto const failure = co_await write_response(client_, response, plan, nullptr, context,
                                               shared_->limits.idle_timeout);
  end(nullptr, context, failure);
  co_return false;
}

// A client that has sent its next requests already must not keep others on the thread from their
// turn.
base::task<void> connection::let_others_run() {
  co_await boost::asio::post(client_.socket().get_executor(), base::as_result);
}

// Closes so that the client gets to read the answer: a close with unread bytes would reset the
// connection and throw away what is still on its way (RFC 9112, 9.6).
base::task<void> connection::linger() {
  enter(stage::leaving);
  if (displaced_) co_return;
  client_.shutdown_send();
  client_.consume(client_.buffered().size());
  auto const until = std::chrono::steady_clock::now() + shared_->limits.linger_time;
  std::array<char, 4096> dropped;
  while (true) {
    auto const left = until - std::chrono::steady_clock::now();
    if (left <= duration::zero()) co_return;
    auto const read = co_await client_.read_some(boost::asio::buffer(dropped),
                                                 std::min(left, shared_->limits.linger_silence));
    if (read.has_error() || *read == 0) co_return;
  }
}

}  // namespace gatehouse::net
