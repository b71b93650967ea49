#pragma once
// The table of options: how each is written, what it does and how it reads in --help. The command
// line, the config file and the help text are all made from it.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gatehouse/config/options.hpp"

namespace gatehouse::config {

// What is wrong with a value; nothing if it is good.
using complaint = std::optional<std::string>;

struct option_rule {
  std::string_view group;
  char letter;  // 0: none
  std::string_view name;
  std::string_view argument;  // empty: may stand alone, and then means "on"
  bool repeatable;
  complaint (*set)(options&, std::string_view);  // null: not for the config file
  void (*clear)(options&);  // drops what a weaker source has put in; may be null
  std::string_view text;
};

// In the order of --help, by groups.
std::span<option_rule const> option_rules();

}  // namespace gatehouse::config
