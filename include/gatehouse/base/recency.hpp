#pragma once
// The time at which something last happened, written by some threads and read by others. Noting it
// is cheap enough to be done a hundred thousand times a second: the shared memory is written only
// once a tick of the coarse clock.

#include <atomic>

#include "gatehouse/base/clock.hpp"

namespace gatehouse::base {

class recency {
 public:
  void note() {
    auto const now = coarse_now().time_since_epoch();
    if (last_.load(std::memory_order_relaxed) != now) last_.store(now, std::memory_order_relaxed);
  }

  // Whether it has happened at all, and not longer ago than `span` (give or take a coarse_tick).
  bool within(std::chrono::steady_clock::duration span) const {
    auto const last = last_.load(std::memory_order_relaxed);
    return last != std::chrono::steady_clock::duration::zero() &&
           coarse_now().time_since_epoch() - last <= span;
  }

 private:
  std::atomic<std::chrono::steady_clock::duration> last_{};
};

}  // namespace gatehouse::base
