// How a request of run.hpp is asked: what goes to the application, over which connection. run.cpp
// has how the answer is read.

#include <algorithm>
#include <utility>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/remote/failures.hpp"
#include "gatehouse/remote/run.hpp"

namespace gatehouse::remote {

namespace limits = base::limits;

base::task<std::optional<http::http_error>> run::take_program() {
  if (deadline_) deadline_->clear();
  auto error = co_await what_.program.take(*context_);
  if (error) co_return error;
  if (deadline_) deadline_->set(rules_.deadline);
  what_.whom = what_.program.program()->application();
  search_.lead_to(what_.whom);
  fresh_only_ = asked_again_ || has_to_be_fresh();
  co_return std::nullopt;
}

// An application may end after any answer, and close its connection with the next request in it,
// unread or read in part. Nobody can tell then whether it had begun with that; of a program of ours
// it is certain of a new connection (was_not_heard).
bool run::has_to_be_fresh() const {
  return what_.how == protocol::fastcgi && !what_.safe;
}

// Most requests have no body and get a connection that is there already: no coroutine is needed.
bool run::ask_at_once() {
  if (what_.input.length.value_or(0) > 0 || has_to_be_fresh()) return false;
  connection_ = search_.find_kept(upstream::wanted::any);
  if (!connection_) return false;
  // Nothing of the request was taken where that fails.
  fresh_only_ = static_cast<bool>(send_head());
  return !fresh_only_;
}

// Gets a connection, and writes the beginning of the request. One that the application has closed
// while it was idle costs the request nothing: it gets another one.
base::task<std::optional<http::http_error>> run::ask() {
  watch_client();
  if (what_.input.readable_at_once && state_ == state::connecting) {
    auto body = co_await framed_body(what_.how, what_.input, trace_sink_.get());
    if (body.has_error()) co_return gateway::body_failure(body.error());
    what_.head += *body;
  }
  while (true) {
    auto unconnected = co_await connect();
    if (unconnected) co_return unconnected;
    auto const error = send_head();
    if (!error && feed_due_) co_await feed_when_read();
    if (!error) co_return std::nullopt;
    bool const again = may_ask_again(error);
    // Who closes a new connection may have answered before, unasked: that lies here already.
    if (!again && upstream::is_closed_by_peer(error)) co_return std::nullopt;
    if (!again) co_return closed_early(what_.who, error);
    fresh_only_ = true;
  }
}

base::task<std::optional<http::http_error>> run::connect() {
  state_ = state::connecting;
  connection_.reset();
  waiting_ = {};
  if (what_.program.is_ours() && !what_.program) {
    auto error = co_await take_program();
    if (error) co_return error;
  }
  auto found = co_await find_connection();
  // Nobody listens any more at a program of ours that has ended.
  while (found.has_error() && what_.program &&
         found.error() == boost::system::errc::connection_refused) {
    what_.program.give_up();
    auto error = co_await take_program();
    if (error) co_return error;
    found = co_await find_connection();
  }
  if (fault_ != fault::none) co_return failure(failure_);
  if (found.has_error() && found.error() == boost::system::errc::resource_unavailable_try_again)
    co_return backlog_full(what_.who);
  if (found.has_error()) co_return not_connected(what_.who, found.error());
  connection_ = std::move(*found);
  co_return std::nullopt;
}

// One process of ours serves one connection at a time: no other may be kept when a new one is made.
base::task<base::result<std::shared_ptr<upstream::connection>>> run::find_connection() {
  using upstream::wanted;
  auto const which = fresh_only_ || has_to_be_fresh() ? wanted::fresh : wanted::any;
  if (what_.program) {
    if (auto first = first_connection()) co_return std::move(first);
    if (fresh_only_) search_.close_kept();
  }
  auto found = co_await search_.get(which);
  co_return std::move(found);
}

// The connection that a program has been started with; null if it was used, or is not to be.
std::shared_ptr<upstream::connection> run::first_connection() {
  auto fd = what_.program.program()->take_first_connection();
  if (!fd || fresh_only_) return nullptr;
  return search_.adopt(std::move(fd));
}

base::error_code run::send_head() {
  state_ = state::asked;
  place_ = connection_->place();
  trace::recorder const trace(trace_sink_.get());
  if (trace) {
    auto const& ours = what_.program.program();
    trace(trace::application_asked{name_of(what_.how),
                                   ours ? ours->path() : what_.whom->at(place_).text,
                                   connection_->was_used(), ours ? ours->pid() : 0});
  }
  report_sent(what_.how, what_.head, head_bytes_, trace);
  auto const put = connection_->send_now(what_.head);
  if (put.has_error()) return put.error();
  auto const sent = put->value_or(0);
  bool const more = what_.input.length.value_or(0) > 0 && !what_.input.readable_at_once;
  looked_ = false;
  bool const whole = sent == what_.head.size();
  feed_due_ = whole && more && what_.program;
  if ((!whole || more) && !feed_due_) begin_feed(what_.head.substr(sent));
  return {};
}

void run::begin_feed(std::string first) {
  feed_due_ = false;
  bool const more = what_.input.length.value_or(0) > 0 && !what_.input.readable_at_once;
  feed_.begin(
      what_.how, connection_, std::move(first), more ? &what_.input : nullptr, trace_sink_,
      {[this] { progressed(); }, [this](base::error_code const& why) { fail(fault::input, why); }});
}

// What has been read of a body cannot be given to another program. So nothing is read of it until
// this one has read the head.
base::task<void> run::feed_when_read() {
  base::timer pause(context_->get_executor());
  auto const until = std::chrono::steady_clock::now() + rules_.silence;
  while (fault_ == fault::none && connection_->awaits_reader()) {
    if (std::chrono::steady_clock::now() >= until)
      co_return fail(fault::silence, base::errc::timed_out);
    pause.expires_after(limits::unread_look_interval);
    co_await pause.async_wait(base::as_result);
  }
  if (fault_ == fault::none && !connection_->has_ended()) begin_feed({});
}

// Of a program of ours that has ended: it had not accepted the connection.
bool run::was_not_heard() const {
  return what_.program && fault_ == fault::none && state_ == state::asked &&
         feed_.was_not_needed() && what_.program.program()->ended_unheard();
}

// Once: of a program of ours that has left a safe request unread, or some of it.
bool run::may_ask_another(base::error_code const& why) {
  bool const unread = what_.program && what_.safe && fault_ == fault::none &&
                      state_ == state::asked && feed_.was_not_needed() &&
                      why == boost::system::errc::connection_reset;
  return unread && !std::exchange(asked_again_, true);
}

bool run::may_ask_again(base::error_code const& why) const {
  return connection_->was_idle() && !fresh_only_ && fault_ == fault::none &&
         state_ == state::asked && feed_.was_not_needed() && connection_->was_closed_before(why);
}

}  // namespace gatehouse::remote
