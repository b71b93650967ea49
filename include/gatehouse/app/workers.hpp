#pragma once
// The threads that serve connections. Each runs an event loop of its own, and a connection stays on
// the loop that it was given to. The first loop runs on the main thread and is the server's, too:
// its listener, signals and timers are there.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/net/listener.hpp"

namespace gatehouse::app {

class workers {
 public:
  // Makes the loops, of which none runs yet. count: how many threads, at least 1. first: what the
  // connections serve with until they are told otherwise.
  workers(unsigned count, std::shared_ptr<net::service const> const& first);
  workers(workers const&) = delete;
  workers& operator=(workers const&) = delete;
  ~workers();

  base::executor main_executor() const;

  // The connections of each thread, for a listener to spread new ones over. They live as long as
  // this object.
  std::vector<net::connection_set*> sets() const;

  // How many connections there are on all threads.
  std::size_t connections() const;

  // Runs the loops until stop() and blocks meanwhile; the calling thread runs the first one. An
  // exception that leaves a loop is logged, and the loop goes on. start: called before the first
  // loop runs, and again after an exception has left that loop, so that what must run does (see
  // base::keep_going).
  void run(std::function<void()> const& start);
  void stop();

  // Has each thread call the action with its connections. A thread carries out its actions in the
  // order of these calls, and each after it has taken every connection that was accepted before.
  void on_each_set(std::function<void(net::connection_set&)> const& action);

  // True as soon as every action is carried out and no connection is left, false when the limit is
  // over. To be awaited on the main executor.
  base::task<bool> connections_end_within(std::chrono::steady_clock::duration limit);

 private:
  struct worker;

  std::vector<std::unique_ptr<worker>> workers_;
  std::atomic<unsigned> pending_actions_ = 0;
};

}  // namespace gatehouse::app
