// How a request of run.hpp is asked: what goes to the application, over which connection. run.cpp
// has how the answer is read.

#include <algorithm>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/remote/failures.hpp"
#include "gatehouse/remote/run.hpp"

namespace gatehouse::remote {

namespace limits = base::limits;

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
    if (!error) co_return std::nullopt;
    bool const again = may_ask_again(error);
    // Who closes a new connection may have answered before, unasked: that lies here already.
    if (!again && upstream::is_closed_by_peer(error)) co_return std::nullopt;
    if (!again) co_return closed_early(what_.who, error);
    fresh_only_ = true;
  }
}

base::task<std::optional<http::http_error>> run::connect() {
  using upstream::wanted;
  state_ = state::connecting;
  connection_.reset();
  waiting_ = {};
  bool const fresh = fresh_only_ || has_to_be_fresh();
  auto found = co_await search_.get(fresh ? wanted::fresh : wanted::any);
  if (fault_ != fault::none) co_return failure(failure_);
  if (found.has_error() && found.error() == boost::system::errc::resource_unavailable_try_again)
    co_return backlog_full(what_.who);
  if (found.has_error()) co_return not_connected(what_.who, found.error());
  connection_ = std::move(*found);
  co_return std::nullopt;
}

base::error_code run::send_head() {
  state_ = state::asked;
  place_ = connection_->place();
  trace::recorder const trace(trace_sink_.get());
  trace(trace::application_asked{name_of(what_.how), what_.whom->at(place_).text,
                                 connection_->was_used()});
  report_sent(what_.how, what_.head, trace);
  auto const put = connection_->send_now(what_.head);
  if (put.has_error()) return put.error();
  auto const sent = put->value_or(0);
  bool const more = what_.input.length.value_or(0) > 0 && !what_.input.readable_at_once;
  looked_ = false;
  if (sent == what_.head.size() && !more) return {};
  feed_.begin(
      what_.how, connection_, what_.head.substr(sent), more ? &what_.input : nullptr, trace_sink_,
      {[this] { progressed(); }, [this](base::error_code const& why) { fail(fault::input, why); }});
  return {};
}

bool run::may_ask_again(base::error_code const& why) const {
  return connection_->was_used() && !fresh_only_ && fault_ == fault::none &&
         state_ == state::asked && feed_.was_not_needed() && connection_->was_closed_before(why);
}

}  // namespace gatehouse::remote
