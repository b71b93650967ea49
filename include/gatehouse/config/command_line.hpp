#pragma once
// The words of a command line, sorted by the tables of options that they may come from. Nothing of
// their values is understood here.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gatehouse/config/option_rules.hpp"

namespace gatehouse::config {

// One option as given by the command line or by the config file.
struct assignment {
  option_rule const* what;  // of one of the tables
  std::string value;        // empty for an option that takes none
  std::string where;        // "--port" or "site.conf:3: port", for an error line
};
using assignments = std::vector<assignment>;

struct command_line {
  assignments given;               // in the order of the command line
  std::vector<std::string> words;  // what is no option
};

// The tables that a command line may use, and the command whose --help tells of them.
struct option_tables {
  std::vector<std::span<option_rule const>> tables;
  std::string_view help_command = "gatehouse --help all";

  // The rule of this name; null if there is none.
  option_rule const* find(std::string_view name) const;
};

// Reads arguments (without the program's name). Words after "--" are no options.
std::variant<command_line, usage_error> read_command_line(option_tables const& known,
                                                          std::span<char const* const> arguments);

// The last value given for an option of this name; null if it is not there.
std::string const* value_of(assignments const& given, std::string_view name);

// " (did you mean --port?)" or nothing.
std::string suggestion(std::string_view name, std::vector<std::string_view> const& names,
                       std::string_view dashes);

// "gatehouse: WHERE: TEXT"
usage_error error_line(std::string_view where, std::string_view text);

}  // namespace gatehouse::config
