#include "gatehouse/net/http1_session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/request_parser.hpp"
#include "gatehouse/net/client_watch.hpp"
#include "gatehouse/net/exchange_runner.hpp"
#include "gatehouse/net/request_body.hpp"

namespace gatehouse::net {
namespace {

http::http_error late_head(std::string_view reason, std::string detail) {
  return {.status = 408, .reason = reason, .detail = std::move(detail), .close = true};
}

}  // namespace

// An exchange with what HTTP/1 needs for it. It stays where it is until it is over: a script's
// input is fed from its body by a coroutine of its own.
class http1_session::exchange final : public exchange_runner {
 public:
  explicit exchange(http1_session& c)
      : exchange_runner(c.client_.get_executor(), c.peer_, *c.shared_,
                        std::exchange(c.connected_, std::nullopt)),
        scanner(c.shared_->limits.header_limit_bytes),
        client_(c.client_) {}
  ~exchange() override { client_.note_contention(nullptr); }
  void note_contention(std::atomic<std::size_t> const* queue_length) override {
    client_.note_contention(queue_length);
  }
  std::unique_ptr<http::subscription> when_client_leaves(std::function<void()> action) override {
    auto watch = std::make_unique<client_watch>(client_, watches_, std::move(action));
    watch->start();
    return watch;
  }
  void cut() { notify_all(watches_); }

  http::head_scanner scanner;
  http::request request;             // once its head was parsed
  std::optional<request_body> body;  // of that

 private:
  client_stream& client_;
  std::vector<client_watch*> watches_;  // that live
};

// A completion handler that lets the session go on, and shares its ownership until then. If there
// is no memory for an asynchronous wait, Asio destroys the handler without calling it; the
// destructor says so to the session.
class http1_session::continuation {
 public:
  explicit continuation(http1_session& of) : of_(&of), owner_(of.owner_.lock()) {}
  continuation(continuation&& other) noexcept
      : of_(std::exchange(other.of_, nullptr)), owner_(std::move(other.owner_)) {}
  continuation(continuation const&) = delete;
  continuation& operator=(continuation const&) = delete;
  ~continuation() {
    if (of_ != nullptr) of_->give_up("out of memory");
  }

  // A coroutine has ended.
  void operator()(std::exception_ptr const& failure, progress after) {
    auto& of = *std::exchange(of_, nullptr);
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (std::exception const& e) {
      return of.give_up(e.what());
    }
    of.go_on(after);
  }
  // The wait for a request is over.
  void operator()(base::error_code const& error) {
    auto& of = *std::exchange(of_, nullptr);
    of.go_on(of.after_waiting(error));
  }
  // Other connections on the thread had their turn.
  void operator()() { std::exchange(of_, nullptr)->go_on(progress::next); }

 private:
  http1_session* of_;
  std::shared_ptr<void> owner_;
};

std::size_t http1_session::buffer_limit(connection_limits const& limits) {
  return limits.header_limit_bytes + base::limits::beyond_head_bytes;
}

http1_session::http1_session(client_stream& client, http::peer const& who,
                             std::shared_ptr<service const> shared)
    : client_(client), shared_(std::move(shared)), peer_(who) {
  if (shared_->tracer != nullptr) connected_ = std::chrono::steady_clock::now();
}

http1_session::~http1_session() = default;

void http1_session::start(connection_watch& watch, std::weak_ptr<void> owner) try {
  watch_ = &watch;
  owner_ = std::move(owner);
  wait_for_request();
} catch (std::exception const& e) {
  give_up(e.what());
}

void http1_session::serve_with(std::shared_ptr<service const> other) {
  next_ = std::move(other);
  if (!current_) take_next_service();
}

// To be called between two exchanges, when nothing of the old service is in use.
void http1_session::take_next_service() {
  if (!next_) return;
  shared_ = std::exchange(next_, nullptr);
  client_.limit_buffer(buffer_limit(shared_->limits));
  client_.hold_to(shared_->limits.least_rate);
}

void http1_session::finish_soon() {
  end_by(ending::finishing);
  if (stage_ == stage::idle || stage_ == stage::leaving) client_.cancel();
}

void http1_session::make_room() {
  end_by(ending::displaced);
  if (stage_ != stage::busy) client_.cancel();
}

void http1_session::cut() {
  end_by(ending::cut);
  if (current_) current_->cut();
  client_.cancel();
}

void http1_session::taken_down() {
  if (current_) current_->note_contention(nullptr);
  client_.reset_on_close();
  client_.close();
}

void http1_session::enter(stage now) {
  stage_ = now;
  watch_->entered(now);
}

// The one place where a connection ends. Nothing of it is touched afterwards.
void http1_session::go_on(progress after) try {
  if (current_) after = end_exchange(after);
  if (after == progress::next) after = serve_what_came();
  if (after == progress::last) after = await_rest(linger());
  if (after == progress::waits) return;
  client_.close();
  watch_->ended();
} catch (std::exception const& e) {
  give_up(e.what());
}

// May be called twice: a coroutine that cannot be started fails once by itself, and once by what it
// throws.
void http1_session::give_up(std::string_view why) noexcept {
  if (!std::exchange(given_up_, true)) watch_->failed(why);
}

// One exchange for each turn of the event loop: a client that sends many requests at once must not
// keep others on the thread from their turn.
http1_session::progress http1_session::serve_what_came() {
  while (ending_ < ending::cut) {
    if (head_has_begun()) {
      auto after = serve_at_once();
      if (after != progress::waits) after = end_exchange(after);
      if (after != progress::next) return after;
      if (!client_.buffered().empty()) return yield_turn();
    }
    if (ending_ < ending::finishing) enter(stage::idle);  // From here it may be asked to make room.
    if (ending_ < ending::finishing) return wait_for_request();
    if (!take_what_came()) return progress::over;
  }
  return progress::over;
}

http1_session::progress http1_session::yield_turn() {
  if (stage_ == stage::idle) enter(stage::busy);
  boost::asio::post(client_.get_executor(), continuation(*this));
  return progress::waits;
}

http1_session::progress http1_session::wait_for_request() {
  client_.await_request(shared_->limits.idle_timeout, continuation(*this));
  return progress::waits;
}

http1_session::progress http1_session::after_waiting(base::error_code const& error) {
  bool const goes_on = !error || (ending_ >= ending::finishing && take_what_came());
  return goes_on ? progress::next : progress::over;
}

// A client that had sent a request when the connection was to end still gets its answer.
bool http1_session::take_what_came() {
  auto const read = client_.fill_at_once();
  return read.has_value() && read->value_or(0) > 0;
}

// Whether the first bytes of a head are there. Empty lines before it are skipped.
bool http1_session::head_has_begun() {
  while (client_.buffered().starts_with("\r\n") && empty_lines_ < base::limits::empty_lines) {
    client_.consume(2);
    ++empty_lines_;
  }
  return !client_.buffered().empty() && client_.buffered() != "\r";
}

http1_session::progress http1_session::end_exchange(progress after) {
  current_.reset();
  take_next_service();
  return after == progress::last && ending_ >= ending::displaced ? progress::over : after;
}

// Answers one request as far as possible without waiting, which is all of it for most requests.
http1_session::progress http1_session::serve_at_once() {
  auto& x = *(current_ = std::make_unique<exchange>(*this));
  client_.begin_exchange();
  empty_lines_ = 0;
  auto const size = x.scanner.scan(client_.buffered());
  if (size && !size->has_value()) return await_rest(serve_late_head());
  if (auto refusal = take_head(size)) return await_rest(refuse(std::move(*refusal)));
  auto outcome = x.ask_at_once(x.request);
  if (!outcome) return await_rest(serve_request());
  auto* const response = x.to_response(*outcome, x.request);
  if (response == nullptr) return after_client_left();
  auto const plan = plan_of(*response);
  auto begun = begin_response(client_, *response, plan, &x.request, x);
  if (!begun.whole) return await_rest(finish(std::move(*outcome), plan, std::move(begun)));
  auto const after = after_response(plan, {});
  if (after != progress::next || x.body->at_end()) return after;
  return await_rest(drain_body());
}

// Goes on in a coroutine with what has to wait.
http1_session::progress http1_session::await_rest(base::task<progress> rest) {
  if (stage_ == stage::idle) enter(stage::busy);
  boost::asio::co_spawn(client_.get_executor(), std::move(rest), continuation(*this));
  return progress::waits;
}

// Makes a request and its body of the head of this size at the front of the buffer.
std::optional<http::http_error> http1_session::take_head(head_size const& size) {
  auto& x = *current_;
  auto const head = client_.buffered().substr(0, size ? **size : std::string_view::npos);
  trace::recorder const trace(x);
  trace(trace::request_head{head});
  if (size.has_error()) return size.error();
  auto refusal = http::parse_request(head, shared_->limits.body_limit_bytes, x.request);
  client_.consume(**size);
  if (refusal) return refusal;
  trace(trace::request_parsed{x.request});
  x.body.emplace(client_, x.request, shared_->limits.body_limit_bytes,
                 shared_->limits.idle_timeout);
  return std::nullopt;
}

base::task<http1_session::progress> http1_session::serve_late_head() {
  auto const size = co_await read_rest_of_head();
  if (size && !size->has_value()) co_return progress::last;
  if (auto refusal = take_head(size)) co_return co_await refuse(std::move(*refusal));
  auto outcome = current_->ask_at_once(current_->request);
  if (!outcome) co_return co_await serve_request();
  co_return co_await respond(std::move(*outcome));
}

// The size of the head at the front of the buffer, once it is whole; nothing if the client closed
// before that. 408 when it takes longer than the header timeout, comes too slowly, or its place is
// needed.
base::task<http1_session::head_size> http1_session::read_rest_of_head() {
  auto const until = std::chrono::steady_clock::now() + shared_->limits.header_timeout;
  while (true) {
    if (ending_ < ending::displaced) enter(stage::in_head);  // Here it may be asked to make room.
    if (ending_ == ending::displaced)
      co_return late_head("head-displaced", "the request head was awaited and the place needed");
    // A deadline is not exact, and a client that sends without a pause would never meet it.
    auto const left = until - std::chrono::steady_clock::now();
    base::result<std::size_t> read = base::errc::timed_out;
    if (left > duration::zero()) read = co_await client_.fill(left);
    enter(stage::busy);
    if (read.has_error() && ending_ == ending::displaced) continue;
    if (read.has_error() && read.error() == base::errc::timed_out)
      co_return late_head("head-timeout", "the request head did not come in time");
    if (read.has_error() && read.error() == base::errc::too_slow)
      co_return late_head("head-too-slow", "the request head came slower than the least rate");
    if (read.has_error() || *read == 0) co_return std::optional<std::size_t>();
    auto const size = current_->scanner.scan(client_.buffered());
    if (size.has_error() || size->has_value()) co_return size;
  }
}

base::task<http1_session::progress> http1_session::serve_request() {
  auto outcome = co_await current_->ask(current_->request, *current_->body);
  co_return co_await respond(std::move(outcome));
}

base::task<http1_session::progress> http1_session::respond(http::outcome outcome) {
  auto& x = *current_;
  auto* const response = x.to_response(outcome, x.request);
  if (response == nullptr) co_return after_client_left();
  auto const plan = plan_of(*response);
  auto begun = begin_response(client_, *response, plan, &x.request, x);
  co_return co_await finish(std::move(outcome), plan, std::move(begun));
}

// Sends what is left of a response.
base::task<http1_session::progress> http1_session::finish(http::outcome outcome, response_plan plan,
                                                          begun_response begun) {
  auto& response = std::get<http::response>(outcome);
  base::error_code error;
  if (!begun.whole) {
    error = co_await finish_response(client_, begun, response, plan, *current_,
                                     shared_->limits.idle_timeout);
  }
  // Without a length or a last chunk, only a reset tells the client that something is missing.
  if (error && plan.how == framing::until_close) client_.reset_on_close();
  if (auto* const streamed = std::get_if<http::stream>(&response.body))
    co_await streamed->source->finish();
  auto const after = after_response(plan, error);
  if (after != progress::next || current_->body->at_end()) co_return after;
  co_return co_await drain_body();
}

// Answers a request that never reached a handler.
base::task<http1_session::progress> http1_session::refuse(http::http_error error) {
  auto response = current_->to_response(error);
  auto const plan = plan_response(response, nullptr, false);
  auto const failure = co_await write_response(client_, response, plan, nullptr, *current_,
                                               shared_->limits.idle_timeout);
  end(nullptr, failure);
  co_return progress::last;
}

base::task<http1_session::progress> http1_session::drain_body() {
  bool const at_end = co_await current_->body->drain();
  co_return at_end ? progress::next : progress::last;
}

// How a final response is to be framed. A script that is answering may still read its input; what
// it leaves of the body is dropped afterwards.
response_plan http1_session::plan_of(http::response const& response) const {
  auto& x = *current_;
  x.body->response_began();
  bool const streamed = std::holds_alternative<http::stream>(response.body);
  bool const keep_alive =
      x.request.keep_alive && ending_ == ending::none && (streamed || x.body->can_be_drained());
  return plan_response(response, &x.request, keep_alive);
}

http1_session::progress http1_session::after_response(response_plan const& plan,
                                                      base::error_code const& error) {
  end(&current_->request, error);
  return error || !plan.keep_alive || ending_ == ending::cut ? progress::last : progress::next;
}

http1_session::progress http1_session::after_client_left() {
  end(&current_->request, base::errc::client_gone);
  return progress::last;
}

// After an error nothing more can be said on the connection.
void http1_session::end(http::request const* request, base::error_code const& error) {
  auto& x = *current_;
  if (x.trace_sink && error == base::errc::client_gone) x.record.departed = client_.departure();
  if (x.body) x.record.request_body_bytes = x.body->received();
  if (error == base::errc::too_slow) {
    x.record.reason = client_.slow_reason();
    // What waits to be sent to a client that does not read would occupy the kernel's memory.
    client_.reset_on_close();
  }
  if (error == base::errc::timed_out && x.record.reason.empty()) x.record.reason = "body-timeout";
  if (error) end_by(ending::cut);
  x.end(request, error);
}

// Closes in a way that lets the client read the answer. A close with unread bytes would reset the
// connection, and the client could lose what is still on its way (RFC 9112, 9.6).
base::task<http1_session::progress> http1_session::linger() {
  enter(stage::leaving);
  if (ending_ >= ending::displaced) co_return progress::over;
  client_.shutdown_send();
  if (ending_ < ending::finishing)
    co_await client_.drop_input(shared_->limits.linger_silence, shared_->limits.linger_time);
  constexpr auto at_stop = base::limits::linger_at_stop;
  if (ending_ == ending::finishing) co_await client_.drop_input(at_stop, at_stop);
  co_return progress::over;
}

}  // namespace gatehouse::net
