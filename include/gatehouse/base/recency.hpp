#pragma once
// When something last happened, as one thread tells another. Cheap enough to be told a hundred
// thousand times a second: the memory that the threads share changes once a tick.

#include <atomic>

#include "gatehouse/base/clock.hpp"

namespace gatehouse::base {

class recency {
 public:
  void note() {
    auto const now = coarse_now().time_since_epoch();
    if (last_.load(std::memory_order_relaxed) != now) last_.store(now, std::memory_order_relaxed);
  }

  // Whether it was noted at all, and no longer ago than that (give or take a coarse_tick).
  bool within(std::chrono::steady_clock::duration span) const {
    auto const last = last_.load(std::memory_order_relaxed);
    return last != std::chrono::steady_clock::duration::zero() &&
           coarse_now().time_since_epoch() - last <= span;
  }

 private:
  std::atomic<std::chrono::steady_clock::duration> last_{};
};

}  // namespace gatehouse::base
