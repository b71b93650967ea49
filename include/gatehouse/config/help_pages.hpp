#pragma once
// What there is to read about the options: `gatehouse --help`, `--help all` and the page
// docs/options.md, all of them made from the table in option_rules.cpp.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/map_syntax.hpp"
#include "gatehouse/config/option_rules.hpp"

namespace gatehouse::config {

enum class help_extent {
  everyday,  // commands, and the options for every day
  all,       // commands, and every option by groups
  markdown,  // docs/options.md
};

// "all" and "markdown"; nothing for any other word.
std::optional<help_extent> extent_named(std::string_view word);
// What the words beside --help ask for.
help_extent extent_of(std::vector<std::string> const& words);

// The whole text. kinds: the kinds of map that there are.
std::string help_page(help_extent extent, map_syntaxes kinds);

// Lines of --help, wrapped: what stands on the left, and in a column of its own what it means.
void append_help(std::string& page, std::string_view left, std::string_view text);
// The names of the kinds take the place of {kinds} in the text.
void append_help(std::string& page, option_rule const& rule, map_syntaxes kinds);

}  // namespace gatehouse::config
