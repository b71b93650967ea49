#pragma once
// How a kind of --map is written: all that the command line and the config file have to know of it.
// The kinds themselves are registered in app/map_kinds.hpp.

#include <span>
#include <string>
#include <string_view>

#include "gatehouse/config/option_values.hpp"

namespace gatehouse::config {

// What stands behind the colon of KIND:TARGET.
enum class map_target {
  directory,             // has to be there when the server starts
  directory_or_program,  // the same
  as_written,            // nothing that can be looked for, such as an address
  program,               // one that the server keeps, which has to be there and can be run
};

// A KEY=VALUE that may follow the target.
struct map_key {
  std::string_view name;
  complaint (*check)(std::string_view value);
};

struct map_syntax {
  std::string_view name;  // "cgi"
  map_target target = map_target::directory;
  // Without any, all that follows the colon is the target, blanks too.
  std::span<map_key const> keys{};
  // Tells what is wrong with a target that is taken as it is written. It may be null.
  complaint (*check_target)(std::string_view target) = nullptr;
  // --interpreter may name it, too: '.EXT=KIND:TARGET'.
  bool interprets = false;
  // Tells whether a target that is taken as it is written is the path of a program (its form is
  // map_target::program then). Where some are and some are not, keys are for programs. It may be
  // null.
  bool (*is_program)(std::string_view target) = nullptr;
};
using map_syntaxes = std::span<map_syntax const>;

// Finds the kind of this name; null if there is none.
map_syntax const* find_syntax(map_syntaxes kinds, std::string_view name);

// "static or cgi"
std::string names_of(map_syntaxes kinds);

}  // namespace gatehouse::config
