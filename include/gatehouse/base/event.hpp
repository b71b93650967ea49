#pragma once
// Something that happens once, and coroutines of the same thread that wait for it.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "gatehouse/base/task.hpp"

namespace gatehouse::base {

// A timer of this thread's io_context.
using timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, executor>;

class event {
 public:
  explicit event(executor ex) : timer_(ex, timer::time_point::max()) {}

  // Wakes everyone who waits, and makes later waits return at once.
  void set() {
    happened_ = true;
    timer_.cancel();
  }
  bool happened() const { return happened_; }

  // Suspends until set() is called. Returns false if the wait was cancelled before that.
  task<bool> wait() {
    if (!happened_) co_await timer_.async_wait(as_result);
    co_return happened_;
  }

  // The same, but suspends for at most `limit`; false if set() was not called by then.
  task<bool> wait_for(std::chrono::steady_clock::duration limit) {
    if (happened_) co_return true;
    timer_.expires_after(limit);
    co_await timer_.async_wait(as_result);
    timer_.expires_at(timer::time_point::max());
    co_return happened_;
  }

 private:
  timer timer_;
  bool happened_ = false;
};

}  // namespace gatehouse::base
