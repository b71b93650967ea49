#include "gatehouse/http/exchange.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;

TEST_CASE("a line of the log begins with the script that the exchange has run") {
  exchange_record record;
  CHECK(script_prefix(record).empty());
  record.script = "/cgi-bin/calc";
  CHECK(script_prefix(record) == "/cgi-bin/calc: ");
  record.script_pid = 1234;
  CHECK(script_prefix(record) == "/cgi-bin/calc[1234]: ");
}
