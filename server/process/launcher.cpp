#include "gatehouse/process/launcher.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/process/templates.hpp"

namespace gatehouse::process {
namespace {

base::error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

// A batch task (sched(7)) has the same share of the processor as other tasks, but does not
// interrupt the threads that serve connections when it wakes up. Each program inherits this from
// its thread.
void run_as_batch_task() {
  sched_param const none{};
  if (::sched_getscheduler(0) == SCHED_OTHER) ::sched_setscheduler(0, SCHED_BATCH, &none);
}

}  // namespace

struct launch::state {
  state(base::executor e, program p) : executor(e), what(std::move(p)), wake(e) {}

  enum class phase { under_way, awaited, settled };
  base::executor executor;
  program what;
  std::atomic<phase> now = phase::under_way;
  base::result<pid_t> outcome = -1;  // the launcher's until settled
  std::optional<start_way> way;      // the same
  base::event wake;                  // the executor's thread's
};

base::task<base::result<pid_t>> launch::outcome() {
  auto const s = state_;
  auto expected = state::phase::under_way;
  s->now.compare_exchange_strong(expected, state::phase::awaited);
  while (s->now != state::phase::settled) co_await s->wake.wait();
  co_return s->outcome;
}

std::optional<start_way> launch::way() const {
  return state_->now == state::phase::settled ? state_->way : std::nullopt;
}

unsigned pace::now() const {
  bool const beside = others != nullptr && others->within(base::limits::others_served_time);
  return beside ? beside_others : alone;
}

launcher::launcher(pace how_fast, std::optional<system_call_filter> filter)
    : pace_(how_fast), filter_(std::move(filter)) {
  for (unsigned i = 0; i < pace_.alone; ++i)
    starters_.emplace_back(filter_ ? filter_->group_key() : 0);
  for (auto& starter : starters_) threads_.emplace_back([this, &starter] { work(starter); });
}

launcher::~launcher() {
  {
    std::lock_guard const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

launch launcher::begin(base::executor ex, program what) {
  auto order = std::make_shared<launch::state>(ex, std::move(what));
  bool wake = false;
  {
    std::lock_guard const lock(mutex_);
    orders_.push_back(order);
    // add_running() must not fail when the program runs, so there has to be room for its pid by
    // now.
    running_.reserve(running_.size() + starting_ + orders_.size());
    wake = may_start();
  }
  if (wake) wake_.notify_one();
  return launch(std::move(order));
}

void launcher::ended(pid_t pid) {
  std::lock_guard const lock(mutex_);
  std::erase(running_, pid);
}

std::size_t launcher::running() const {
  std::lock_guard const lock(mutex_);
  return running_.size();
}

void launcher::signal_all(int signal) const {
  std::lock_guard const lock(mutex_);
  for (pid_t const pid : running_) ::kill(-pid, signal);
}

void launcher::add_running(pid_t pid) {
  std::lock_guard const lock(mutex_);
  running_.push_back(pid);
}

// A program is first the child of a starter, and then also in running_. This looks in the same
// order, so that it cannot miss a program that moves from one to the other meanwhile.
bool launcher::has_started(pid_t pid) const {
  for (auto const& starter : starters_) {
    auto const child = starter.child();
    if (child == pid || child == vfork_launcher::unknown_child) return true;
  }
  std::lock_guard const lock(mutex_);
  return std::find(running_.begin(), running_.end(), pid) != running_.end();
}

// Looks at each child before it is reaped, because the status of a program that the launcher has
// started belongs to the program's owner. Such a program hides others that ended after it until its
// owner has reaped it, which does not take long.
bool launcher::reap_adopted() {
  for (int i = 0; i < base::limits::adopted_at_once; ++i) {
    siginfo_t seen{};
    int const looked = ::waitid(P_ALL, 0, &seen, WEXITED | WNOHANG | WNOWAIT);
    if (looked != 0 || seen.si_pid == 0) return true;
    auto const pid = static_cast<id_t>(seen.si_pid);
    bool const ended = seen.si_code != CLD_TRAPPED && seen.si_code != CLD_STOPPED;
    if (ended && has_started(seen.si_pid)) return false;
    // A child that we trace and that has stopped is reported once, and never together with its end.
    ::waitid(P_PID, pid, &seen, (ended ? WEXITED : WSTOPPED) | WNOHANG);
  }
  return false;
}

void launcher::work(vfork_launcher& with) {
  run_as_batch_task();
  base::error_code unfiltered;
  if (filter_) unfiltered = filter_->install();
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || may_start(); });
    if (stopping_) return;
    auto const next = std::move(orders_.front());
    orders_.pop_front();
    ++starting_;
    bool const more = may_start();
    lock.unlock();
    if (more) wake_.notify_one();
    settle(next, start(*next, with, unfiltered));
    with.forget_child();
    lock.lock();
    --starting_;
  }
}

// A thread that could not install its filter starts nothing.
base::result<pid_t> launcher::start(launch::state& order, vfork_launcher& with,
                                    base::error_code const& unfiltered) const try {
  if (unfiltered) return unfiltered;
  auto const& what = order.what;
  if (what.warm != nullptr) {
    auto const began = std::chrono::steady_clock::now();
    auto outcome = what.warm->start(what, with);
    auto& way = order.way.emplace();
    way.why_cold = std::move(outcome.why_cold);
    if (outcome.pid) {
      way.warm = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - began);
      return *outcome.pid;
    }
  }
  return with.start(what);
} catch (std::bad_alloc const&) {
  return system_error(ENOMEM);
}

// The program's ends of the pipes are closed after the outcome is stored, because closing them may
// wake whoever asks for the outcome.
void launcher::settle(std::shared_ptr<launch::state> const& order, base::result<pid_t> outcome) {
  order->outcome = outcome;
  if (order->outcome.has_value()) add_running(*order->outcome);
  auto const before = order->now.exchange(launch::state::phase::settled);
  for (auto* const end :
       {&order->what.standard_input, &order->what.standard_output, &order->what.standard_error}) {
    end->reset();
  }
  if (before == launch::state::phase::awaited) wake_up(order);
}

// Somebody waits for this order and would wait for ever, so a lack of memory only delays the
// wake-up.
void launcher::wake_up(std::shared_ptr<launch::state> const& order) {
  while (true) {
    try {
      return boost::asio::post(order->executor, [order] { order->wake.set(); });
    } catch (std::bad_alloc const&) {
      std::this_thread::sleep_for(base::limits::memory_pause);
    }
  }
}

}  // namespace gatehouse::process
