#include "gatehouse/cgi/script_slots.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <new>

#include "gatehouse/base/event.hpp"

namespace gatehouse::cgi {

// Shared by the waiting coroutine, the queue, and the thread that gives a place back.
struct script_slots::waiter {
  explicit waiter(base::executor ex) : executor(ex), wake(ex) {}
  base::executor executor;
  base::event wake;
  bool granted = false;  // guarded by the slots' mutex
};

// A place in the queue, which its destructor leaves, so that an exception does not keep it. A slot
// that was granted and not taken goes to the next in the queue then.
struct script_slots::queued {
  queued(script_slots& of, std::shared_ptr<waiter> who) : slots(of), self(std::move(who)) {}
  queued(queued const&) = delete;
  queued& operator=(queued const&) = delete;
  ~queued() {
    if (leave()) slots.give_back();
  }

  // Returns whether a slot was granted, which is the caller's from then on.
  bool leave() {
    std::lock_guard const lock(slots.mutex_);
    std::erase(slots.queue_, self);
    slots.waiting_ = slots.queue_.size();
    return std::exchange(self->granted, false);
  }

  script_slots& slots;
  std::shared_ptr<waiter> self;
};

script_slots::script_slots(std::size_t running_limit, std::size_t queue_limit)
    : running_limit_(running_limit), queue_limit_(queue_limit) {}

base::task<script_slots::outcome> script_slots::acquire(
    base::executor ex, std::chrono::steady_clock::duration limit,
    std::function<void(std::function<void()>)> on_wait) {
  auto const self = std::make_shared<waiter>(ex);
  {
    std::lock_guard const lock(mutex_);
    if (running_ < running_limit_) {
      ++running_;
      outcome granted;
      granted.place.emplace(*this);
      co_return granted;
    }
    if (queue_.size() >= queue_limit_) co_return outcome{};
    queue_.push_back(self);
    waiting_ = queue_.size();
  }
  queued in_line(*this, self);
  on_wait([self] { self->wake.set(); });
  bool const woken = co_await self->wake.wait_for(limit);
  outcome result;
  if (in_line.leave()) {
    result.place.emplace(*this);
  } else {
    result.why = woken ? refusal::given_up : refusal::timed_out;
  }
  co_return result;
}

void script_slots::give_back() {
  std::lock_guard const lock(mutex_);
  --running_;
  fill_places();
}

void script_slots::resize(std::size_t running_limit, std::size_t queue_limit) {
  std::lock_guard const lock(mutex_);
  running_limit_ = running_limit;
  queue_limit_ = queue_limit;
  fill_places();
}

// To be called with the mutex held.
void script_slots::fill_places() {
  while (running_ < running_limit_ && !queue_.empty()) {
    auto const next = std::move(queue_.front());
    queue_.pop_front();
    waiting_ = queue_.size();
    ++running_;
    next->granted = true;
    try {
      boost::asio::post(next->executor, [next] { next->wake.set(); });
    } catch (std::bad_alloc const&) {
      // There is no memory to wake it: it finds its slot granted when its wait is over.
    }
  }
}

}  // namespace gatehouse::cgi
