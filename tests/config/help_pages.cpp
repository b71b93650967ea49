#include "gatehouse/config/help_pages.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "gatehouse/config/command_names.hpp"

using namespace gatehouse::config;

namespace {

constexpr map_syntax kinds[] = {{"static", map_target::directory},
                                {"cgi", map_target::directory_or_program}};

bool contains(std::string const& text, std::string const& what) {
  return text.find(what) != std::string::npos;
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

}  // namespace

TEST_CASE("a word beside --help says how much is shown") {
  struct row {
    std::vector<std::string> words;
    help_extent extent;
  };
  row const rows[] = {
      {{}, help_extent::everyday},
      {{"all"}, help_extent::all},
      {{"site"}, help_extent::everyday},
      {{"markdown"}, help_extent::markdown},
      {{"all", "all"}, help_extent::everyday},
  };
  for (row const& r : rows) CHECK(extent_of(r.words) == r.extent);
  CHECK_FALSE(extent_named("").has_value());
}

TEST_CASE("help shows the options for every day, which are few, and says where all of them are") {
  auto const text = help_page(help_extent::everyday, kinds);
  int shown = 0;
  for (option_rule const& r : option_rules()) {
    CAPTURE(r.name);
    CHECK(contains(text, "--" + std::string(r.name) + (r.argument.empty() ? "" : " ") +
                             std::string(r.argument)) == r.everyday);
    if (r.everyday) ++shown;
  }
  CHECK(shown == 9);
  CHECK(contains(text, "gatehouse --help all"));
  CHECK(lines_of(text).size() < 45);
}

TEST_CASE("all of help names every option with its default, and the kinds of map") {
  auto const text = help_page(help_extent::all, kinds);
  for (option_rule const& r : option_rules()) {
    CAPTURE(r.name);
    CHECK(contains(text, " --" + std::string(r.name)));
  }
  CHECK(contains(text, "(default 8000)"));
  CHECK(contains(text, "KIND is static or cgi;"));
}

TEST_CASE("each page of help names every command, in lines that fit a terminal") {
  for (auto const extent : {help_extent::everyday, help_extent::all}) {
    auto const text = help_page(extent, kinds);
    for (command_name const& c : command_names)
      CHECK(contains(text, "       gatehouse " + std::string(c.name)));
    for (auto const& line : lines_of(text)) {
      CAPTURE(line);
      CHECK(line.size() <= 98);
      CHECK_FALSE(line.ends_with(' '));
    }
  }
}

TEST_CASE("the page of options has a row of three cells for each") {
  auto const lines = lines_of(help_page(help_extent::markdown, kinds));
  for (option_rule const& r : option_rules()) {
    CAPTURE(r.name);
    auto const row = std::find_if(lines.begin(), lines.end(), [&](std::string const& line) {
      return line.starts_with("| ") && (contains(line, "`--" + std::string(r.name) + "`") ||
                                        contains(line, "`--" + std::string(r.name) + " "));
    });
    REQUIRE(row != lines.end());
    int ends = 0;
    for (std::size_t i = 1; i < row->size(); ++i) {
      if ((*row)[i] == '|' && (*row)[i - 1] != '\\') ++ends;
    }
    CHECK(ends == 3);
    CHECK(std::count(row->begin(), row->end(), '`') % 2 == 0);
  }
}
