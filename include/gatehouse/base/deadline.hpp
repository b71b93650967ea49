#pragma once
// A deadline that is set again for each step of a connection. To move it to a later time costs one
// assignment: the timer underneath still fires at the earlier time, notices that the deadline has
// moved, and waits on.

#include <chrono>
#include <functional>
#include <memory>

#include "gatehouse/base/task.hpp"

namespace gatehouse::base {

class deadline {
 public:
  // on_expiry is called on the executor's thread, never after the destructor and never within
  // set().
  deadline(executor ex, std::function<void()> on_expiry);
  deadline(deadline const&) = delete;
  deadline& operator=(deadline const&) = delete;
  ~deadline();

  // Expires after `limit` from now (and at most two coarse_ticks later), unless set or cleared
  // before.
  void set(std::chrono::steady_clock::duration limit);
  void clear();

  // Whether the last set() has run out.
  bool expired() const;

 private:
  struct state;
  static void arm(std::shared_ptr<state> const& s);
  executor executor_;
  std::function<void()> on_expiry_;
  // Made by the first set(); shared with the timer's handler, which may run after the destructor.
  std::shared_ptr<state> state_;
};

}  // namespace gatehouse::base
