#include "gatehouse/gateway/stderr_tail.hpp"

#include <doctest/doctest.h>

#include "gatehouse/base/limits.hpp"

using gatehouse::gateway::stderr_tail;
namespace limits = gatehouse::base::limits;

TEST_CASE("what a script says on standard error becomes lines") {
  std::string const longest(limits::stderr_line_bytes, 'x');
  struct row {
    std::string_view label;
    std::vector<std::string> reads;
    std::vector<std::string> lines;           // before its end
    std::vector<std::string> lines_by_end{};  // and with it
  };
  row const rows[] = {
      {"nothing", {}, {}},
      {"a line", {"a\n"}, {"a"}},
      {"two at once", {"a\nb\n"}, {"a", "b"}},
      {"one in pieces", {"a", "b", "c\nd", "\n"}, {"abc", "d"}},
      {"without a line feed", {"a\nb"}, {"a"}, {"b"}},
      {"empty ones", {"\n\na\n\r\n\nb\n"}, {"a", "b"}},
      {"CR LF", {"a\r\nb\r", "\nc\r"}, {"a", "b"}, {"c"}},
      {"a CR inside", {"a\rb\n"}, {"a\rb"}},
      {"blanks", {"  \n"}, {"  "}},
      {"the longest", {longest + "\n"}, {longest}},
      {"too long", {longest + "y\nz\n"}, {longest, "z"}},
      {"too long in pieces", {longest, "y", "y\nz\n"}, {longest, "z"}},
      {"too long without a line feed", {longest + "y", "y"}, {}, {longest}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    std::vector<std::string> told;
    stderr_tail tail([&told](std::string_view line) { told.emplace_back(line); });
    for (auto const& bytes : r.reads) tail.add(bytes);
    CHECK(told == r.lines);
    CHECK(tail.lines() == r.lines);
    tail.end();
    auto all = r.lines;
    all.insert(all.end(), r.lines_by_end.begin(), r.lines_by_end.end());
    CHECK(told == all);
    CHECK(tail.lines() == all);
  }
}

TEST_CASE("all lines of standard error are told, and the last ones kept") {
  std::size_t told = 0;
  stderr_tail tail([&told](std::string_view) { ++told; });
  for (std::size_t i = 1; i <= limits::stderr_lines_kept + 2; ++i) {
    tail.add(std::to_string(i) + "\n");
  }
  CHECK(told == limits::stderr_lines_kept + 2);
  REQUIRE(tail.lines().size() == limits::stderr_lines_kept);
  CHECK(tail.lines().front() == "3");
  CHECK(tail.lines().back() == std::to_string(limits::stderr_lines_kept + 2));
}
