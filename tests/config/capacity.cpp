#include "gatehouse/config/capacity.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <string_view>

using gatehouse::config::affordable_connections;

TEST_CASE("there are as many connections as descriptors are left for") {
  struct row {
    std::string_view label;
    std::size_t wanted;
    std::uint64_t descriptors;
    std::size_t scripts;
    std::size_t queue;
    std::size_t affordable;
  };
  row const rows[] = {
      {"more than enough", 16384, 1 << 20, 16, 128, 16384},
      {"no limit at all", 16384, RLIM_INFINITY, 16, 128, 16384},
      {"just enough", 1000, 1000 + 64 + 256 + 64 + 8 * 16 + 128, 16, 128, 1000},
      {"one short", 1000, 999 + 64 + 256 + 64 + 8 * 16 + 128, 16, 128, 999},
      {"a usual soft limit", 16384, 1024, 16, 128, 384},
      {"more scripts than descriptors", 16384, 1024, 10'000, 0, 256},
      {"next to nothing", 16384, 3, 16, 128, 1},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(affordable_connections(r.wanted, r.descriptors, r.scripts, r.queue) == r.affordable);
  }
}
