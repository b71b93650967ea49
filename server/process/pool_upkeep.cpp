#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/keep_going.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/process/pool_state.hpp"

namespace gatehouse::process {
namespace {

using duration = std::chrono::steady_clock::duration;

duration pause_after(std::size_t failures) {
  if (failures == 0) return duration::zero();
  auto const doublings = std::min<std::size_t>(failures - 1, 10);
  auto const pause = base::limits::kept_first_pause * (1U << doublings);
  return std::min<duration>(pause, base::limits::kept_longest_pause);
}

std::string text_of(duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
         " ms";
}

// The keeper counts a program that is being started for as long as this lives.
struct being_started {
  explicit being_started(program_keeper& by) : keeper(by) { keeper.began(); }
  being_started(being_started const&) = delete;
  being_started& operator=(being_started const&) = delete;
  ~being_started() { keeper.ended(); }
  program_keeper& keeper;
};

bool ended_well(kept_program const& program) {
  auto const status = program.status();
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
}

}  // namespace

// Has those end that are to end and that no request has, stops those that a request has given up,
// and starts what is missing.
void pool::state::look() {
  std::vector<std::shared_ptr<member>> all;
  {
    std::lock_guard const lock(mutex);
    all = members;
  }
  for (auto const& m : all) {
    bool stopping = false;
    {
      std::lock_guard const lock(mutex);
      if (m->now == member::phase::serving && !closed) continue;
      stopping = m->to_be_stopped && m->now != member::phase::ended;
    }
    if (stopping) m->program->stop();
    let_end(m);
    std::lock_guard const lock(mutex);
    if (stopping) m->to_be_stopped = false;
  }
  want_programs();
}

// Starts what is missing, one program after the other, unless that is going on already.
void pool::state::want_programs() {
  if (std::exchange(filling, true)) return;
  try {
    boost::asio::co_spawn(keeper.get_executor(), base::marked(filling, fill(shared_from_this())),
                          boost::asio::detached);
  } catch (...) {
    filling = false;
    throw;
  }
}

// Whether a program is missing. Those that have had their share of requests do not count; and where
// programs end when they are idle, none is missing before somebody waits.
bool pool::state::is_short() const {
  std::lock_guard const lock(mutex);
  if (closed) return false;
  auto const serving = std::count_if(members.begin(), members.end(), [](auto const& m) {
    return m->now == member::phase::serving && !m->successor_wanted;
  });
  if (static_cast<std::size_t>(serving) >= rules.programs) return false;
  bool const on_demand = rules.idle.count() > 0 && !on_started;
  return !on_demand || !queue.empty();
}

base::task<void> pool::state::fill(std::shared_ptr<state> self) {
  while (self->is_short()) {
    std::size_t failures = 0;
    {
      std::lock_guard const lock(self->mutex);
      failures = self->failures;
    }
    if (failures > 0) {
      self->pause.expires_after(pause_after(failures));
      co_await self->pause.async_wait(base::as_result);
      if (!self->is_short()) break;
    }
    bool const started = co_await self->start_one();
    if (started) self->retire_replaced();
  }
  self->report(std::nullopt);
  self->look_for_idle();
}

// Gives whether it could be started.
base::task<bool> pool::state::start_one() {
  start_outcome made;
  {
    being_started const counted(keeper);
    made = co_await starter->start();
    if (auto const* const program = std::get_if<std::shared_ptr<kept_program>>(&made)) {
      keeper.began();
      add(*program);
      co_return true;
    }
  }
  auto const& why = std::get<start_refusal>(made).text;
  std::size_t now = 0;
  {
    std::lock_guard const lock(mutex);
    now = ++failures;
    if (on_started) closed = true;  // A pool that cannot be filled is no pool.
  }
  if (on_started) {
    report(rules.name + " cannot be started:\n" + why);
    close();
  } else if (!closed) {
    base::log::error("program-not-started", rules.name + ": " + why + "; the next attempt is in " +
                                                text_of(pause_after(now)));
  }
  co_return false;
}

void pool::state::report(std::optional<std::string> wrong) {
  auto const call = std::exchange(on_started, nullptr);
  if (call) call(std::move(wrong));
}

void pool::state::on_end(std::shared_ptr<member> const& one) {
  keeper.ended();
  bool expected = false;
  {
    std::lock_guard const lock(mutex);
    expected = (one->now != member::phase::serving && !one->broken) || closed;
    one->now = member::phase::ended;
    if (!expected) failures = one->answered > 0 ? 0 : failures + 1;
  }
  if (!expected) log_end(*one);
  let_end(one);
  if (!expected && on_started) {
    report(rules.name + " cannot be started: it ended as soon as it was ready");
    return close();
  }
  want_programs();
}

// One that exits with 0 between requests may have had enough of them, as php-cgi does after
// PHP_FCGI_MAX_REQUESTS.
void pool::state::log_end(member const& one) const {
  auto const status = one.program->status();
  auto const how = status ? base::exit_text(*status) : std::string("has ended");
  auto const text = one.program->log_name() + " " + how + ", after " +
                    std::to_string(one.answered) + " requests; it is replaced";
  bool const normal = ended_well(*one.program) && one.answered > 0;
  base::log::write(normal ? base::log::level::info : base::log::level::warn, "program-ended", text);
}

void pool::state::stop_if_it_stays(std::shared_ptr<member> const& one) {
  {
    std::lock_guard const lock(mutex);
    if (one->now == member::phase::ended) return;
  }
  auto const timer = std::make_shared<base::timer>(keeper.get_executor());
  timer->expires_after(base::limits::kept_end_time);
  timer->async_wait([timer, one](base::error_code const&) { one->program->stop(); });
}

// Has those end whose successors are ready.
void pool::state::retire_replaced() {
  std::vector<std::shared_ptr<member>> going;
  {
    std::lock_guard const lock(mutex);
    auto serving = std::count_if(members.begin(), members.end(),
                                 [](auto const& m) { return m->now == member::phase::serving; });
    for (auto const& m : members) {
      bool const surplus = static_cast<std::size_t>(serving) > rules.programs;
      if (m->now == member::phase::serving && m->successor_wanted && surplus) {
        m->now = member::phase::replaced;
        --serving;
      }
      if (m->now == member::phase::replaced && m->taken == 0) going.push_back(m);
    }
  }
  for (auto const& m : going) let_end(m);
}

// Has those end that nobody has asked for in a while.
void pool::state::look_for_idle() {
  if (rules.idle.count() == 0 || closed) return;
  idle_timer.expires_after(rules.idle / 4 + base::limits::process_look_interval);
  idle_timer.async_wait([weak = weak_from_this()](base::error_code const& ec) {
    auto const self = weak.lock();
    if (ec || !self) return;
    std::vector<std::shared_ptr<member>> going;
    {
      std::lock_guard const lock(self->mutex);
      auto const since = std::chrono::steady_clock::now() - self->rules.idle;
      for (auto const& m : self->members) {
        bool const unused = m->now == member::phase::serving && m->taken == 0 && m->used < since;
        if (!unused) continue;
        m->now = member::phase::leaving;
        going.push_back(m);
      }
    }
    for (auto const& m : going) self->let_end(m);
    self->look_for_idle();
  });
}

void pool::state::close() {
  std::vector<std::shared_ptr<member>> all;
  {
    std::lock_guard const lock(mutex);
    closed = true;
    all = members;
  }
  pause.cancel();
  idle_timer.cancel();
  for (auto const& m : all) let_end(m);
  starter->close();
}

// The programs that have not ended own this object: they are to tell it their end. So may what has
// started them.
void pool::state::let_go() {
  std::vector<std::shared_ptr<member>> left;
  {
    std::lock_guard const lock(mutex);
    left = std::exchange(members, {});
  }
  auto const started_by = std::move(starter);
}

void pool::state::kill() {
  close();
  std::vector<std::shared_ptr<member>> all;
  {
    std::lock_guard const lock(mutex);
    all = members;
  }
  for (auto const& m : all) m->program->stop();
}

}  // namespace gatehouse::process
