#include "gatehouse/http/range.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;

namespace {

// A range set in short: "200", "416" or the ranges as "0-4 6-9".
std::string shown(range_set const& set) {
  if (std::holds_alternative<whole_representation>(set)) return "200";
  if (std::holds_alternative<unsatisfiable_range>(set)) return "416";
  std::string out;
  for (byte_range const& range : std::get<std::vector<byte_range>>(set)) {
    if (!out.empty()) out += ' ';
    out += std::to_string(range.first) + "-" + std::to_string(range.last);
  }
  return out;
}

std::string many_ranges(int count) {
  std::string value = "bytes=";
  for (int i = 0; i < count; ++i) {
    value += (i == 0 ? "" : ",") + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  }
  return value;
}

}  // namespace

TEST_CASE("a Range field is read against the size of the representation") {
  struct row {
    std::string_view label;
    std::string value;
    std::uint64_t size;
    char const* expected;
  };
  row const rows[] = {
      {"a first part", "bytes=0-4", 10, "0-4"},
      {"one byte", "bytes=9-9", 10, "9-9"},
      {"to the end", "bytes=5-", 10, "5-9"},
      {"beyond the end", "bytes=5-100", 10, "5-9"},
      {"the tail", "bytes=-3", 10, "7-9"},
      {"a tail longer than the whole", "bytes=-30", 10, "0-9"},
      {"the whole", "bytes=0-", 10, "0-9"},
      {"from the size on", "bytes=10-", 10, "416"},
      {"far out", "bytes=100-200", 10, "416"},
      {"a tail of nothing", "bytes=-0", 10, "416"},
      {"a number too large", "bytes=0-99999999999999999999999", 10, "0-9"},
      {"a start too large", "bytes=99999999999999999999999-", 10, "416"},
      {"the largest number", "bytes=0-18446744073709551615", 10, "0-9"},
      {"several", "bytes=0-0,5-6, -1", 10, "0-0 5-6 9-9"},
      {"in the order asked for", "bytes=5-6,0-0", 10, "5-6 0-0"},
      {"empty elements", "bytes=,0-0,,5-5,", 10, "0-0 5-5"},
      {"unsatisfiable ones are left out", "bytes=20-30,0-0", 10, "0-0"},
      {"all unsatisfiable", "bytes=20-30,40-", 10, "416"},
      {"the unit in any case", "Bytes=0-4", 10, "0-4"},
      {"a little overlap", "bytes=0-4,3-6", 10, "0-4 3-6"},
      {"together longer than the whole", "bytes=0-,0-", 10, "200"},
      {"exactly the whole", "bytes=0-4,5-9", 10, "0-4 5-9"},
      {"as many as allowed", many_ranges(32), 1000,
       "0-0 2-2 4-4 6-6 8-8 10-10 12-12 14-14 16-16 18-18 20-20 22-22 24-24 26-26 28-28 30-30 "
       "32-32 34-34 36-36 38-38 40-40 42-42 44-44 46-46 48-48 50-50 52-52 54-54 56-56 58-58 "
       "60-60 62-62"},
      {"too many", many_ranges(33), 1000, "200"},
      {"another unit", "lines=0-4", 10, "200"},
      {"no unit", "0-4", 10, "200"},
      {"no range", "bytes=", 10, "200"},
      {"only commas", "bytes=, ,", 10, "200"},
      {"backwards", "bytes=4-0", 10, "200"},
      {"one backwards", "bytes=0-1,4-3", 10, "200"},
      {"no digits", "bytes=a-b", 10, "200"},
      {"a lone dash", "bytes=-", 10, "200"},
      {"no dash", "bytes=4", 10, "200"},
      {"two dashes", "bytes=0-4-5", 10, "200"},
      {"negative", "bytes=--4", 10, "200"},
      {"a sign", "bytes=+0-4", 10, "200"},
      {"inner space", "bytes=0 - 4", 10, "200"},
      {"empty", "", 10, "200"},
      {"of an empty file", "bytes=0-", 0, "416"},
      {"the tail of an empty file", "bytes=-1", 0, "200"},
      {"no tail of an empty file", "bytes=-0", 0, "416"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(shown(parse_range(r.value, r.size)) == r.expected);
  }
}

TEST_CASE("Content-Range names the part or the size") {
  CHECK(content_range({0, 4}, 10) == "bytes 0-4/10");
  CHECK(unsatisfied_content_range(10) == "bytes */10");
}
