#include "gatehouse/config/capacity.hpp"

#include <algorithm>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::config {

std::size_t affordable_connections(std::size_t wanted, std::uint64_t descriptors,
                                   std::size_t scripts, std::size_t queue) {
  namespace limits = base::limits;
  std::uint64_t const reserved = limits::own_descriptors + limits::refused_clients +
                                 limits::connections_over_limit +
                                 limits::script_descriptors * scripts + queue;
  auto const left = descriptors - std::min(descriptors, reserved);
  auto const least = std::max<std::uint64_t>(1, descriptors / 4);
  return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, std::max(left, least)));
}

}  // namespace gatehouse::config
