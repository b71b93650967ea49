#pragma once
// Restarts coroutines that have to run as long as the server does, such as the one that accepts
// connections. When there is no memory for an asynchronous wait, Asio destroys the coroutine that
// waits, and destroys its completion handler without calling it: nobody else would notice.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "gatehouse/base/task.hpp"

namespace gatehouse::base {

// Awaits `what`. `running` is true from now until `what` has ended or was destroyed.
inline task<void> marked(bool& running, task<void> what) {
  struct mark {
    bool& set;
    ~mark() { set = false; }
  } const here{running = true};
  co_await std::move(what);
}

// Starts the coroutine begin() on the executor unless it is running. The caller calls this again
// after an exception has left the event loop, because that exception may have destroyed the
// coroutine. An exception of the coroutine itself leaves the loop, too. The start is posted and not
// done at once: the loop first destroys what is to be destroyed. Both references outlive the
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
