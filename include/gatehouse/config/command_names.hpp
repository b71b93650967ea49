#pragma once
// The names of the program's commands (`gatehouse explain`), with what --help says of each. The
// command line knows them without knowing what the commands do.

#include <array>
#include <string>
#include <string_view>

namespace gatehouse::config {

struct command_name {
  std::string_view name;
  std::string_view arguments;  // for the usage line
  std::string_view summary;    // one line of the program's --help
};

inline constexpr std::array<command_name, 6> command_names{{
    {"explain", "[OPTIONS] TARGET", "what the server does with a request for TARGET, step by step"},
    {"check", "[OPTIONS] [SCRIPT...]", "what is wrong with the programs in cgi-bin"},
    {"new", "[OPTIONS] NAME.{sh,py,pl,c,php}", "make a starter program in cgi-bin"},
    {"tour", "[OPTIONS] [DIRECTORY]",
     "serve a copy of the examples, with a tour of how a web server works"},
    {"help", "[COMMAND|all]", "print this, or what a command does, or all options"},
    {"version", "", "print the version"},
}};

// " (did you mean the command `gatehouse check`?)" for a word that is or nearly is the name of one,
// else nothing. For words that were taken for a directory.
std::string command_hint(std::string_view word);

}  // namespace gatehouse::config
