#pragma once
// Coroutines that have to run as long as the server does. Without memory for what a coroutine is to
// wait with, Asio takes it down, and its completion handler with it, uncalled.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "gatehouse/base/task.hpp"

namespace gatehouse::base {

// Awaits what is given; `running` is true until that ends or is taken down.
inline task<void> marked(bool& running, task<void> what) {
  struct mark {
    bool& set;
    ~mark() { set = false; }
  } const here{running = true};
  co_await std::move(what);
}

// Begins begin() on the executor unless it is running. To be called again after an exception left
// the event loop, which may have taken it down; what throws in it leaves the loop, too. Not at
// once: what was taken down goes by way of the loop, before this. Both references outlive the
// executor's work. Throws std::bad_alloc.
template <class Begin>
void keep_going(executor where, bool& running, Begin begin) {
  boost::asio::post(where, [where, &running, begin] {
    if (running) return;
    boost::asio::co_spawn(where, marked(running, begin()), [](std::exception_ptr const& failure) {
      if (failure) std::rethrow_exception(failure);
    });
  });
}

}  // namespace gatehouse::base
