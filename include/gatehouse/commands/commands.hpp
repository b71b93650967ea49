#pragma once
// The commands of the program beside serving: `gatehouse NAME [OPTIONS] ...`. Each takes the
// options of the server, so that they mean the same, and a few of its own; its words stand where
// the server has DIRECTORY.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gatehouse/config/command_line.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::commands {

// Exit statuses that all commands share; what else they answer is theirs.
constexpr int command_done = 0, command_found_faults = 1, command_used_wrongly = 2;

// Prints what is wrong and gives the status, with which a command ends.
int fail(config::usage_error const& error, int status);

// A command line that has been understood.
struct command_call {
  config::options chosen;          // directories not resolved yet
  std::vector<std::string> words;  // what is no option: as many as the command takes
  config::assignments given;       // all options; the command looks for its own

  bool has(std::string_view name) const;
  // The value of an own option that is there once at most.
  std::optional<std::string> value(std::string_view name) const;
  // The values of a repeatable one, in their order.
  std::vector<std::string> values(std::string_view name) const;
};

struct command {
  std::string_view name;   // one of config::command_names
  std::string_view about;  // for its own --help: a few lines, each ends in a line feed
  std::size_t least_words;
  std::size_t most_words;
  std::string_view word;                         // what a word is called in error lines
  std::span<config::option_rule const> options;  // its own, without setters
  std::span<std::string_view const> of_server;   // options of the server that its --help shows
  int (*run)(command_call const&);               // prints, and gives the exit status
};

// The command that argv[1] names exactly; null if it names none.
command const* find_command(int argc, char const* const* argv);

// Reads the rest of the command line and the config file that it names.
std::variant<command_call, config::help, config::version, config::usage_error> parse_command(
    command const& what, int argc, char const* const* argv);

// Runs the command that argv[1] names and gives its exit status; nothing if it names none.
std::optional<int> run_command(int argc, char const* const* argv);

}  // namespace gatehouse::commands
