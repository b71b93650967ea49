#include "gatehouse/base/program_text.hpp"

#include <doctest/doctest.h>

using gatehouse::base::program_text;

TEST_CASE("a program is named with its process, if it has one") {
  CHECK(program_text("/cgi-bin/calc", 1234) == "/cgi-bin/calc[1234]");
  CHECK(program_text("/cgi-bin/calc", 0) == "/cgi-bin/calc");
}
