#pragma once
// How many descriptors this process has open, to be compared with how many it had before.

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace gatehouse::tests {

inline std::size_t open_descriptors() {
  std::filesystem::directory_iterator const all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace gatehouse::tests
