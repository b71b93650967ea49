#include "gatehouse/process/pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <new>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/process/pool_state.hpp"

namespace gatehouse::process {
namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

pool::state::state(program_keeper& by, pool_rules r, std::unique_ptr<program_starter> s)
    : keeper(by),
      rules(std::move(r)),
      starter(std::move(s)),
      pause(by.get_executor()),
      idle_timer(by.get_executor()),
      random(std::random_device()()) {}

pool::state::~state() = default;

pool::pool(program_keeper& by, pool_rules rules, std::unique_ptr<program_starter> starter)
    : state_(std::make_shared<state>(by, std::move(rules), std::move(starter))) {
  by.add(state_);
}

pool::~pool() {
  boost::asio::post(state_->keeper.get_executor(), [s = state_] { s->close(); });
}

void pool::start(std::function<void(std::optional<std::string>)> done) {
  boost::asio::post(state_->keeper.get_executor(), [s = state_, done = std::move(done)]() mutable {
    s->on_started = std::move(done);
    s->want_programs();
  });
}

std::atomic<std::size_t> const& pool::waiting() const {
  return state_->waiting;
}

std::string const& pool::name() const {
  return state_->rules.name;
}

std::vector<std::string> pool::sources() const {
  std::lock_guard const lock(state_->mutex);
  return state_->sources;
}

std::optional<pool::lease> pool::acquire_now(base::executor ex) {
  auto const& loop = thread_sockets::of(ex).loop();
  if (state_->look_missed) state_->look_soon();
  std::shared_ptr<socket> one;
  {
    std::lock_guard const lock(state_->mutex);
    if (state_->queue.empty()) one = state_->take_idle(loop);
  }
  if (!one) return std::nullopt;
  return state_->lease_of(std::move(one), ex);
}

base::task<pool::outcome> pool::acquire(base::executor ex,
                                        std::chrono::steady_clock::duration limit,
                                        std::function<void(std::function<void()>)> on_wait) {
  auto const s = state_;
  auto const self = std::make_shared<state::waiter>(ex);
  bool alone = false;
  bool waits = false;
  {
    std::lock_guard const lock(s->mutex);
    if (s->queue.empty()) self->granted = s->take_idle(self->loop);
    if (!self->granted) {
      if (s->queue.size() >= s->rules.queue) co_return outcome{.why = refusal::queue_full};
      s->queue.push_back(self);
      waits = true;
      s->waiting = s->queue.size();
      auto const serving = std::count_if(s->members.begin(), s->members.end(), [](auto const& m) {
        return m->now == member::phase::serving;
      });
      alone = static_cast<std::size_t>(serving) < s->rules.programs;
    }
  }
  bool woken = true;
  if (waits) {
    state::in_line place(*s, self);
    if (alone || s->look_missed) s->look_soon();
    on_wait([self] { self->wake.set(); });
    woken = co_await self->wake.wait_for(limit);
    place.awaited = true;
  }
  auto const granted = std::exchange(self->granted, nullptr);
  if (!granted) co_return outcome{.why = woken ? refusal::given_up : refusal::timed_out};
  outcome out;
  auto made = s->lease_of(granted, ex);
  if (made) {
    out.program = std::move(*made);
  } else {
    out.why = refusal::out_of_resources;
  }
  co_return std::move(out);
}

void pool::state::leave_queue(std::shared_ptr<waiter> const& who) {
  std::lock_guard const lock(mutex);
  std::erase(queue, who);
  waiting = queue.size();
}

// With the mutex held. Prefers the socket that this thread has registered, then the program that
// was used last, whose memory is the warmest.
std::shared_ptr<pool::socket> pool::state::take_idle(std::shared_ptr<loop_handle> const& loop) {
  std::shared_ptr<socket> best;
  for (auto const& m : members) {
    if (m->now != member::phase::serving) continue;
    for (auto const& one : m->sockets) {
      if (one->taken) continue;
      bool const ours = one->registered == loop;
      if (!best || ours || m->used > best->of->used) best = one;
      if (ours) break;
    }
    if (best && best->registered == loop) break;
  }
  if (best) {
    best->taken = true;
    ++best->of->taken;
  }
  return best;
}

// With the mutex held. Whoever has waited longest is next; but one of the thread that the program
// was used by goes before one of another thread that has not waited for long, because it costs much
// less, and the other thread has programs of its own.
void pool::state::hand_out(std::shared_ptr<socket> one) {
  if (queue.empty() || one->of->now != member::phase::serving || one->taken) return;
  auto next = queue.begin();
  auto const now = std::chrono::steady_clock::now();
  if (one->registered && now - (*next)->since < base::limits::kept_turn_time) {
    auto const near = std::find_if(queue.begin(), queue.end(),
                                   [&](auto const& w) { return one->registered == w->loop; });
    if (near != queue.end()) next = near;
  }
  auto const who = std::move(*next);
  queue.erase(next);
  waiting = queue.size();
  one->taken = true;
  ++one->of->taken;
  who->granted = std::move(one);
  try {
    boost::asio::post(who->executor, [who] { who->wake.set(); });
  } catch (std::bad_alloc const&) {
    // It finds what was granted when its wait is over.
  }
}

void pool::state::look_soon() noexcept {
  look_missed = false;
  try {
    boost::asio::post(keeper.get_executor(), [s = shared_from_this()] { s->look(); });
  } catch (std::bad_alloc const&) {
    look_missed = true;
  }
}

void pool::state::give_back(std::shared_ptr<socket> const& one, bool sound) noexcept {
  auto const of = one->of;
  bool to_be_seen = !sound;
  {
    std::lock_guard const lock(mutex);
    one->taken = false;
    --of->taken;
    if (sound) {
      failures = 0;
      ++of->answered;
      if (rules.idle.count() > 0) of->used = std::chrono::steady_clock::now();
    } else if (of->now != member::phase::ended) {
      of->broken = of->broken || of->now == member::phase::serving;
      of->to_be_stopped = true;
      of->now = member::phase::leaving;
    }
    bool const full = of->share != 0 && of->answered >= of->share && !of->successor_wanted;
    if (full && of->now == member::phase::serving) of->successor_wanted = true;
    to_be_seen = to_be_seen || full || of->now != member::phase::serving;
    hand_out(one);
  }
  if (to_be_seen) look_soon();
}

// What was taken and not used.
void pool::state::put_back(std::shared_ptr<socket> const& one) noexcept {
  std::lock_guard const lock(mutex);
  one->taken = false;
  --one->of->taken;
  if (one->of->now == member::phase::serving) {
    hand_out(one);
  } else {
    look_missed = true;
  }
}

// Nothing where the system has run out of something.
std::optional<pool::lease> pool::state::lease_of(std::shared_ptr<socket> one, base::executor ex) {
  auto& here = thread_sockets::of(ex);
  try {
    if (one->registered != here.loop()) {
      // Another thread's registration is taken back by that thread; under a number of its own here,
      // because a thread that has it again may not have closed it yet.
      if (one->registered && one->fd) one->registered->remove_there(one->number);
      one->registered.reset();
      one->number = next_number();
    }
    lease out;
    if (one->fd) {
      auto const registered = here.add(ex, one->number, one->fd.get());
      if (registered) out.connection_ = *registered;
    }
    if (out.connection_ != nullptr || !one->fd) {
      one->registered = here.loop();
      out.of_ = shared_from_this();
      out.socket_ = std::move(one);
      return out;
    }
  } catch (std::bad_alloc const&) {
    // As where there is no descriptor.
  }
  put_back(one);
  return std::nullopt;
}

pool::lease& pool::lease::operator=(lease&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  of_ = std::move(other.of_);
  socket_ = std::move(other.socket_);
  connection_ = std::exchange(other.connection_, nullptr);
  return *this;
}

std::shared_ptr<kept_program> const& pool::lease::program() const {
  return socket_->of->program;
}

void pool::lease::give_back() noexcept {
  auto const one = std::exchange(socket_, nullptr);
  connection_ = nullptr;
  if (one) std::exchange(of_, nullptr)->give_back(one, true);
}

void pool::lease::give_up() noexcept {
  auto const one = std::exchange(socket_, nullptr);
  connection_ = nullptr;
  if (!one) return;
  if (auto const here = std::exchange(one->registered, nullptr)) here->remove_here(one->number);
  std::exchange(of_, nullptr)->give_back(one, false);
}

void pool::state::add(std::shared_ptr<kept_program> program) {
  auto const one = std::make_shared<member>();
  one->program = std::move(program);
  one->used = std::chrono::steady_clock::now();
  if (rules.requests > 0) {
    auto const tenth = rules.requests / 10;
    std::uniform_int_distribution<std::uint64_t> pick(rules.requests - tenth,
                                                      rules.requests + tenth);
    one->share = std::max<std::uint64_t>(1, pick(random));
  }
  for (auto& fd : one->program->take_sockets()) {
    auto s = std::make_shared<socket>();
    s->of = one;
    s->fd = std::move(fd);
    one->sockets.push_back(std::move(s));
  }
  {
    std::lock_guard const lock(mutex);
    sources = one->program->sources();
    members.push_back(one);
    for (auto const& s : one->sockets) hand_out(s);
  }
  // The pool itself may be gone by then: its programs are counted until they have ended.
  one->program->when_ended([self = shared_from_this(), ended = std::weak_ptr(one)] {
    if (auto const who = ended.lock()) self->on_end(who);
  });
  if (closed) let_end(one);
}

// The program notices the end of its sockets and ends. Those that a thread has registered are
// closed by that thread.
void pool::state::let_end(std::shared_ptr<member> const& one) {
  {
    std::lock_guard const lock(mutex);
    if (one->now == member::phase::let_go) return;
    if (one->now != member::phase::ended) one->now = member::phase::leaving;
    if (one->taken > 0) return;
  }
  // Nobody else has them any more.
  for (auto const& s : one->sockets) {
    s->fd.reset();
    if (s->registered) s->registered->remove_there(s->number);
    s->registered.reset();
  }
  one->program->retire();
  stop_if_it_stays(one);
  std::lock_guard const lock(mutex);
  for (auto const& s : one->sockets) s->of.reset();
  one->sockets.clear();
  if (one->now == member::phase::ended) {
    std::erase(members, one);
  } else {
    one->now = member::phase::let_go;
  }
}

}  // namespace gatehouse::process
