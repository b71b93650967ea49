#include "gatehouse/process/launcher.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse;

TEST_CASE("fewer programs are started at a time for a while after others were served") {
  base::recency others;
  process::pace const pace{.alone = 4, .beside_others = 1, .others = &others};
  CHECK(pace.now() == 4);
  others.note();
  CHECK(pace.now() == 1);
  auto const noted = std::chrono::steady_clock::now();
  while (pace.now() == 1) std::this_thread::yield();
  CHECK(std::chrono::steady_clock::now() - noted >=
        base::limits::others_served_time - base::coarse_tick);
  CHECK(process::pace{.alone = 3}.now() == 3);
}
