#include "gatehouse/http/obs_fold.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;

TEST_CASE("a line that begins with white space is a folded one") {
  struct row {
    std::string_view label;
    std::string_view lines;
    bool expected;
  };
  row const rows[] = {
      {"by a space", "A: b\r\n c\r\n", true},
      {"by a tab", "A: b\r\n\tc\r\n", true},
      {"behind a bare LF", "A: b\n c\n", true},
      {"at the end", "A: b\r\n ", true},
      {"plain lines", "A: b\r\nC: d\r\n\r\n", false},
      {"the first line is not judged", " A: b\r\n", false},
      {"nothing", "", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(has_folded_line(r.lines) == r.expected);
  }
}
