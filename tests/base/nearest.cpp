#include "gatehouse/base/nearest.hpp"

#include <doctest/doctest.h>

using gatehouse::base::nearest;

TEST_CASE("the nearest name is suggested, and none when all are far") {
  std::vector<std::string_view> const names = {"port", "root", "interpreter", "idle-timeout"};
  struct row {
    std::string_view text;
    std::optional<std::string_view> name;
  };
  row const rows[] = {
      {"prot", "port"},
      {"prt", "port"},
      {"PORT", "port"},
      {"interp", "interpreter"},
      {"interpretor", "interpreter"},
      {"idletimeout", "idle-timeout"},
      {"x", std::nullopt},
      {"verbose", std::nullopt},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    CHECK(nearest(r.text, names) == r.name);
  }
}
