#include "gatehouse/http/date.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;
using namespace std::chrono;

namespace {

constexpr sys_seconds example =
    sys_days(1994y / November / 6) + hours(8) + minutes(49) + seconds(37);
constexpr sys_seconds now = sys_days(2026y / July / 1);

}  // namespace

TEST_CASE("a date is written as IMF-fixdate") {
  struct row {
    std::string_view label;
    sys_seconds when;
    char const* text;
  };
  row const rows[] = {
      {"the example of RFC 9110", example, "Sun, 06 Nov 1994 08:49:37 GMT"},
      {"the epoch", sys_seconds(), "Thu, 01 Jan 1970 00:00:00 GMT"},
      {"before the epoch", sys_seconds(seconds(-1)), "Wed, 31 Dec 1969 23:59:59 GMT"},
      {"a leap day", sys_days(2024y / February / 29), "Thu, 29 Feb 2024 00:00:00 GMT"},
      {"a year of five digits", sys_days(12345y / January / 1), "Fri, 31 Dec 9999 23:59:59 GMT"},
      {"a year before the first", sys_days(year(-5) / March / 1), "Sat, 01 Jan 0000 00:00:00 GMT"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(format_date(r.when) == r.text);
  }
}

TEST_CASE("all three forms of a date are read") {
  struct row {
    std::string_view label;
    char const* text;
    sys_seconds when;
  };
  row const rows[] = {
      {"IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", example},
      {"RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", example},
      {"asctime", "Sun Nov  6 08:49:37 1994", example},
      {"asctime with two digits", "Wed Nov 16 08:49:37 1994", example + days(10)},
      {"RFC 850, this century", "Monday, 01-Jan-01 00:00:00 GMT", sys_days(2001y / January / 1)},
      {"RFC 850, 50 years ahead", "Wednesday, 01-Jul-76 00:00:00 GMT", sys_days(2076y / July / 1)},
      {"RFC 850, more than 50 years ahead", "Friday, 01-Jul-77 00:00:00 GMT",
       sys_days(1977y / July / 1)},
      {"a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", sys_days(2017y / January / 1)},
      {"another day of the week", "Mon, 06 Nov 1994 08:49:37 GMT", example},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const parsed = parse_date(r.text, now);
    REQUIRE(parsed.has_value());
    CHECK((*parsed == r.when));
  }
}

TEST_CASE("what is no date is not read as one") {
  char const* const rows[] = {
      "",
      "0",
      "784111777",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      " Sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 31 Feb 1994 08:49:37 GMT",
      "Sun, 29 Feb 2023 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 23:60:00 GMT",
      "Sun, 06 Nov 1994 23:59:61 GMT",
      "Sun, 06 Nov 1994 8:49:37 GMT",
      "Sun, 06 Nov -994 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sunday, 31-Feb-94 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov  6 08:49:37 94",
      "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  };
  for (std::string_view const text : rows) {
    CAPTURE(text);
    CHECK_FALSE(parse_date(text, now).has_value());
  }
}

TEST_CASE("a date that was written is read back") {
  for (auto when = sys_seconds(sys_days(1899y / December / 30)); when < now;
       when += days(97) + seconds(3607)) {
    auto const parsed = parse_date(format_date(when), now);
    REQUIRE(parsed.has_value());
    CHECK((*parsed == when));
  }
}
