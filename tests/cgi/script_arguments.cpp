#include "gatehouse/cgi/script_arguments.hpp"

#include <doctest/doctest.h>

using gatehouse::cgi::script_arguments;
using words = std::vector<std::string>;

TEST_CASE("a query of plain words becomes arguments") {
  struct row {
    std::string_view label;
    std::string_view method;
    std::string_view query;
    bool interpreted;
    words expected;
  };
  row const rows[] = {
      {"words", "GET", "a+b+c", false, {"a", "b", "c"}},
      {"decoded one by one", "GET", "a%20b+c%2Bd", false, {"a b", "c+d"}},
      {"HEAD too", "HEAD", "a", false, {"a"}},
      {"not for POST", "POST", "a+b", false, {}},
      {"no query", "GET", "", false, {}},
      {"a form", "GET", "a=b", false, {}},
      {"an encoded = is a character", "GET", "a%3Db", false, {"a=b"}},
      {"an empty word", "GET", "a++b", false, {"a", "", "b"}},
      {"one bad word drops them all", "GET", "a+%zz", false, {}},
      {"a NUL drops them all", "GET", "a+%00", false, {}},
      {"a line break drops them all", "GET", "a+b%0Ac", false, {}},
      {"a carriage return too", "GET", "%0D", false, {}},
      {"an option for a script", "GET", "-d+x", false, {"-d", "x"}},
      {"no option for an interpreter", "GET", "-d+x", true, {}},
      {"nor an encoded one", "GET", "x+%2Dd", true, {}},
      {"words for an interpreted script", "GET", "a+b", true, {"a", "b"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(script_arguments(r.method, r.query, r.interpreted) == r.expected);
  }
}
