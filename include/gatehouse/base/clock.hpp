#pragma once
// Clocks that are cheap to read, for uses that need no exact time.

#include <chrono>
#include <ctime>

namespace gatehouse::base {

// The slowest Linux kernel updates its coarse clocks a hundred times a second.
inline constexpr std::chrono::milliseconds coarse_tick{10};

// The steady clock as of the kernel's last tick. Reading it costs a fifth of what the exact clock
// costs, and it is late by coarse_tick at most.
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
