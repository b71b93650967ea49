#include "gatehouse/net/allowance.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string_view>
#include <vector>

using namespace gatehouse::net;
using namespace std::chrono_literals;

namespace {

// The server waits, and then so many bytes come.
struct step {
  std::chrono::milliseconds waited;
  std::uint64_t bytes;
};

constexpr rate_rule rule{.least_bytes_per_second = 1000, .grace = 10s};

allowance after(rate_rule what, std::vector<step> const& steps) {
  allowance out(what);
  for (auto const& s : steps) {
    out.waited(s.waited);
    out.moved(s.bytes);
  }
  return out;
}

}  // namespace

TEST_CASE("a client's time runs while it is waited for and comes back with its bytes") {
  struct row {
    std::string_view label;
    std::vector<step> steps;
    std::chrono::milliseconds left;
  };
  row const rows[] = {
      {"nothing has happened", {}, 10s},
      {"a wait", {{3s, 0}}, 7s},
      {"a wait longer than the grace", {{11s, 0}}, 0s},
      {"as many bytes as were due", {{3s, 3000}}, 10s},
      {"half of what was due", {{4s, 2000}}, 8s},
      {"a byte now and then", {{4s, 1}, {4s, 1}, {1s, 1}}, 1003ms},
      {"bytes without a wait are no credit", {{0s, 1'000'000}, {4s, 0}}, 6s},
      {"the last byte of time is enough", {{9999ms, 500}}, 501ms},
      {"what was waited beyond the grace is owed", {{12s, 1000}}, 0s},
      {"and paid first", {{12s, 1000}, {0s, 2500}}, 1500ms},
      {"more bytes than can be counted in seconds",
       {{4s, std::numeric_limits<std::uint64_t>::max()}},
       10s},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(after(rule, r.steps).left() == r.left);
  }
}

TEST_CASE("something new begins with the whole grace") {
  auto a = after(rule, {{8s, 0}});
  a.renew();
  CHECK(a.left() == 10s);
}

TEST_CASE("without a rate a client has all the time that other deadlines leave it") {
  auto const a = after({.least_bytes_per_second = 0, .grace = 10s}, {{60s, 0}, {60s, 1}});
  CHECK(a.left() == allowance::duration::max());
}
