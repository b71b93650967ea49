#pragma once
// Times as coarse as their uses allow.

#include <chrono>
#include <ctime>

namespace gatehouse::base {

// No kernel ticks slower than a hundred times a second.
inline constexpr std::chrono::milliseconds coarse_tick{10};

// The steady clock as the kernel last ticked: a fifth of the cost of the exact one, and behind it
// by at most coarse_tick.
inline std::chrono::steady_clock::time_point coarse_now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(t.tv_sec) +
                                               std::chrono::nanoseconds(t.tv_nsec));
}

// The calendar's time in whole seconds, as HTTP's dates have it (RFC 9110, 5.6.7).
inline std::chrono::sys_seconds current_second() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace gatehouse::base
