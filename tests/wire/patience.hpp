#pragma once
// How the cases wait: for something that becomes true, never for an amount of time. A deadline only
// ends a case that has already failed.

#include <chrono>
#include <thread>

namespace wire {

using namespace std::chrono_literals;

inline constexpr auto patience = 20s;

// Whether condition became true before the deadline.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds deadline = patience) {
  auto const end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

}  // namespace wire
