#include "gatehouse/net/client_watch.hpp"

#include <algorithm>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::net {

struct client_watch::state {
  state(client_stream& c, std::function<void()> a)
      : client(c), action(std::move(a)), pause(c.get_executor()) {}

  void notify() {
    if (auto const call = std::exchange(action, nullptr)) call();
  }

  client_stream& client;         // not touched once stopped
  std::function<void()> action;  // null once it was called
  base::timer pause;
  boost::asio::cancellation_signal cancel;
  bool stopped = false;
};

client_watch::client_watch(client_stream& client, std::vector<client_watch*>& among,
                           std::function<void()> action)
    : among_(among), state_(std::make_shared<state>(client, std::move(action))) {
  among_.push_back(this);
}

client_watch::~client_watch() {
  std::erase(among_, this);
  state_->stopped = true;
  state_->cancel.emit(boost::asio::cancellation_type::all);
  state_->pause.cancel();
}

void client_watch::start() {
  state_->pause.expires_after(base::limits::unwatched_time);
  state_->pause.async_wait([s = state_](base::error_code const& ec) {
    if (ec || s->stopped) return;
    boost::asio::co_spawn(s->pause.get_executor(), watch(s), boost::asio::detached);
  });
}

void client_watch::notify() {
  auto const s = state_;  // The action may destroy this watch.
  s->notify();
}

bool client_watch::has_notified() const {
  return !state_->action;
}

void notify_all(std::vector<client_watch*> const& among) {
  auto const next = [&] {
    return std::find_if_not(among.begin(), among.end(),
                            [](client_watch const* watch) { return watch->has_notified(); });
  };
  for (auto one = next(); one != among.end(); one = next()) (*one)->notify();
}

base::task<void> client_watch::watch(std::shared_ptr<state> s) {
  while (!s->stopped) {
    co_await s->client.carrier().wait_readable(s->cancel.slot());
    if (s->stopped) co_return;
    using presence = transport::presence;
    auto const now = s->client.carrier().look();
    if (now != presence::here) s->client.note_departure(now == presence::closed_its_side);
    if (now == presence::gone) break;
    s->pause.expires_after(now == presence::here ? duration(base::limits::client_look_interval)
                                                 : duration(base::limits::half_close_grace));
    co_await s->pause.async_wait(base::as_result);
    if (now == presence::closed_its_side) break;
  }
  if (!s->stopped) s->notify();
}

}  // namespace gatehouse::net
