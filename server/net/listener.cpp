#include "gatehouse/net/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "gatehouse/base/keep_going.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::net {
namespace {

using boost::system::errc::errc_t;

bool is_out_of_descriptors(base::error_code const& failure) {
  return failure == errc_t::too_many_files_open || failure == errc_t::too_many_files_open_in_system;
}

base::unique_fd make_reserve() {
  return base::unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

void connection_set::serve(accepted_client accepted, admission::place place) {
  if (finishing_) return;
  try {
    tcp_socket socket(executor_);
    boost::system::error_code ec;
    socket.assign(accepted.protocol, accepted.socket.get(), ec);
    if (ec) return base::log::error("accept-failed", ec.message());
    static_cast<void>(accepted.socket.release());
    http::peer const from(accepted.from, socket.local_endpoint(ec));
    start(std::move(socket), from, std::move(place));
  } catch (std::exception const& e) {
    base::log::error("connection-failed", e.what());
  }
}

void connection_set::start(tcp_socket socket, http::peer const& from, admission::place place) {
  auto& waiting = queues_[static_cast<std::size_t>(line::waiting)];
  auto& who = waiting.members.emplace_back(*this, std::move(socket), from, std::move(place));
  who.self = std::prev(waiting.members.end());
  waiting.size.store(waiting.members.size(), std::memory_order_relaxed);
  ++size_;
  if (winding_down_) who.one.wind_down();
  who.one.start(who);
}

void connection_set::entered(member& who, stage now) {
  if (now == stage::busy) return move(who, busy);
  if (unmet_requests_ > 0) {
    --unmet_requests_;
    return ask(who);
  }
  move(who, static_cast<std::size_t>(now == stage::in_head ? line::in_head : line::waiting));
}

// Has the connection make room. It is not asked a second time.
void connection_set::ask(member& who) {
  who.is_asked = true;
  move(who, busy);
  who.one.make_room();
}

void connection_set::move(member& who, std::size_t to) {
  auto& from = queues_[who.line];
  auto& into = queues_[to];
  into.members.splice(into.members.end(), from.members, who.self);
  from.size.store(from.members.size(), std::memory_order_relaxed);
  into.size.store(into.members.size(), std::memory_order_relaxed);
  who.line = to;
}

bool connection_set::ask_for_room(line whom) {
  auto& asked = queues_[static_cast<std::size_t>(whom)];
  if (asked.size.load(std::memory_order_relaxed) <= asked.asked.load(std::memory_order_relaxed))
    return false;
  ++asked.asked;
  boost::asio::post(executor_, [this, whom] { make_room(whom); });
  return true;
}

// The connection that could have made room may be busy by now. Then the next one that waits makes
// room.
void connection_set::make_room(line whom) {
  --queues_[static_cast<std::size_t>(whom)].asked;
  for (auto const each : {line::waiting, line::in_head}) {
    auto& members = queues_[static_cast<std::size_t>(each)].members;
    if (members.empty()) continue;
    return ask(members.front());
  }
  ++unmet_requests_;
}

// Other coroutines of this thread still use the connection. They have been cancelled, and end when
// they get their turn: the connection is erased after that.
void connection_set::failed(member& who, std::string_view why) noexcept try {
  base::log::error("connection-failed", why);
  move(who, busy);  // It cannot make room any more.
  who.one.taken_down();
  boost::asio::post(executor_, [this, &who] { erase(who); });
} catch (std::exception const&) {
  // There is no memory for this either. The connection is closed, and its place is kept until the
  // server ends.
}

// A connection that ends by itself makes room, too.
void connection_set::erase(member& who) {
  if (!who.is_asked && unmet_requests_ > 0) --unmet_requests_;
  auto& from = queues_[who.line];
  from.members.erase(who.self);
  from.size.store(from.members.size(), std::memory_order_relaxed);
  --size_;
}

void connection_set::serve_with(std::shared_ptr<service const> const& other) {
  shared_ = other;
  for_each([&](connection& c) { c.serve_with(other); });
}

void connection_set::wind_down() {
  winding_down_ = true;
  for_each([](connection& c) { c.wind_down(); });
}

void connection_set::finish_soon() {
  finishing_ = true;
  for_each([](connection& c) { c.finish_soon(); });
}

void connection_set::cut() {
  finishing_ = true;
  for_each([](connection& c) { c.cut(); });
}

template <class Action>
void connection_set::for_each(Action action) {
  for (auto& each : queues_) {
    for (auto& m : each.members) action(m.one);
  }
}

listener::listener(base::executor ex, std::vector<connection_set*> sets, admission& places,
                   refused_clients::page refusal)
    : executor_(ex),
      sets_(std::move(sets)),
      places_(places),
      refused_(ex, std::move(refusal)),
      reserve_(make_reserve()) {}

base::error_code listener::adopt(base::unique_fd listening) {
  auto made = std::make_unique<accept_loop>(executor_);
  auto const error = made->socket.adopt(std::move(listening));
  if (!error) loops_.push_back(std::move(made));
  return error;
}

std::vector<int> listener::native_handles() {
  std::vector<int> out;
  for (auto const& one : loops_) {
    if (int const handle = one->socket.native_handle(); handle >= 0) out.push_back(handle);
  }
  return out;
}

std::vector<boost::asio::ip::tcp::endpoint> listener::endpoints() const {
  std::vector<boost::asio::ip::tcp::endpoint> out;
  for (auto const& one : loops_) out.push_back(one->socket.endpoint());
  return out;
}

void listener::start() {
  for (auto const& one : loops_) {
    base::keep_going(executor_, one->running, [this, &loop = *one] { return run(loop); });
  }
}

// Goes on accepting whatever happens.
base::task<void> listener::run(accept_loop& loop) {
  while (!stopped_) {
    try {
      co_await accept_some(loop);
    } catch (std::exception const& e) {
      base::log::error("accept-failed", e.what());
      loop.short_of_something = true;
    }
  }
}

base::task<void> listener::accept_some(accept_loop& loop) {
  if (std::exchange(loop.short_of_something, false)) {
    loop.pause.expires_after(base::limits::accept_pause);
    co_await loop.pause.async_wait(base::as_result);
    if (stopped_) co_return;
  }
  auto const [ec] = co_await loop.socket.wait();
  if (stopped_) co_return;
  std::size_t taken = 0;
  auto const failure = ec ? base::error_code(ec) : accept_waiting(loop, taken);
  if (!failure) co_return;
  loop.short_of_something = true;
  log_failure(failure);
  if (is_out_of_descriptors(failure)) relieve(loop, taken);
}

// Accepts the connections that wait in the queue, up to a batch, and counts them.
base::error_code listener::accept_waiting(accept_loop& loop, std::size_t& taken) {
  for (int tries = 0; tries < base::limits::accepted_at_once; ++tries) {
    auto client = loop.socket.accept();
    if (client.has_value()) {
      ++taken;
      admit(std::move(*client));
      continue;
    }
    auto const& failure = client.error();
    if (failure == errc_t::operation_would_block) return {};
    if (failure == errc_t::connection_aborted || failure == errc_t::interrupted) continue;
    return failure;
  }
  return {};
}

// When there is no place, connections that were accepted just before may not have begun to wait for
// a request yet. So a client is tried a second time after they have had their turn.
void listener::admit(accepted_client client, is_second_try again) {
  auto const address = client.from.address();
  auto const source = admission::source_of(address);
  auto const answer = places_.ask(source);
  if (answer == admission::answer::address_full)
    return refused_.refuse(std::move(client.socket), address, "address-limit");
  if (answer == admission::answer::full && !find_room()) {
    if (again == is_second_try{true})
      return refused_.refuse(std::move(client.socket), address, "connection-limit");
    return boost::asio::post(executor_, [this, c = std::move(client)]() mutable {
      if (!stopped_) admit(std::move(c), is_second_try{true});
    });
  }
  auto& set = *sets_[next_];
  next_ = (next_ + 1) % sets_.size();
  boost::asio::post(set.get_executor(),
                    [&set, c = std::move(client), place = places_.take(source)]() mutable {
                      set.serve(std::move(c), std::move(place));
                    });
}

// Whether a connection makes room for one that is taken now. It is closed soon, but on its own
// thread, so there may be a few connections more than the limit until then.
bool listener::find_room() {
  auto const most = places_.limits().connections + base::limits::connections_over_limit;
  return places_.size() < most && ask_for_room();
}

// Asks connections that wait for a request first, on all threads.
bool listener::ask_for_room() {
  for (auto const whom : {connection_set::line::waiting, connection_set::line::in_head}) {
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      if (sets_[(next_ + i) % sets_.size()]->ask_for_room(whom)) return true;
    }
  }
  return false;
}

void listener::log_failure(base::error_code const& failure) {
  auto const now = std::chrono::steady_clock::now();
  if (now < failure_logged_ + base::limits::refusals_logged_every) return;
  failure_logged_ = now;
  base::log::error("accept-failed", failure.message());
}

// To be called when there is no descriptor left. As many idle connections are closed as are
// accepted in one go. If there are none, the clients that wait to be accepted are told to come
// again. Connections that were accepted just now do not wait for a request yet, so they can be
// asked only the next time.
void listener::relieve(accept_loop& loop, std::size_t taken) {
  int asked = 0;
  while (asked < base::limits::accepted_at_once && ask_for_room()) ++asked;
  if (asked == 0 && taken == 0) turn_away_waiting(loop);
}

// Uses the descriptor that is kept in reserve for this. A client that is accepted and refused can
// go elsewhere, and one that is left in the queue cannot.
void listener::turn_away_waiting(accept_loop& loop) {
  for (int turned_away = 0; turned_away < base::limits::accepted_at_once; ++turned_away) {
    reserve_.reset();
    auto client = loop.socket.accept();
    if (client.has_error()) break;
    refused_.refuse(std::move(client->socket), client->from.address(), "out-of-descriptors",
                    refused_clients::patience::none);
  }
  if (!reserve_) reserve_ = make_reserve();
}

void listener::stop() {
  stopped_ = true;
  for (auto const& one : loops_) {
    one->socket.close();
    one->pause.cancel();
  }
  refused_.stop();
}

}  // namespace gatehouse::net
