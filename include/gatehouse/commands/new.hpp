#pragma once
// `gatehouse new NAME.EXT`: a starter program in the directory that the server would run it from.
// The starters are files of server/commands/starters, embedded.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gatehouse/commands/commands.hpp"

namespace gatehouse::commands {

// A starter program, as it is to be written.
struct starter {
  std::string file_name;   // "hello.sh", "hello.c"
  std::string program;     // what the server runs: "hello.sh", "hello"
  std::string_view bytes;  // of the file
};

// The starter that a name asks for by its extension, or why there is none. Looks at no file.
std::variant<starter, config::usage_error> choose_starter(std::string_view name);

// Writes what does not exist yet, mode 0755 less umask (a source: 0644). Nothing is overwritten,
// and no link is followed. The error says what went wrong.
std::optional<config::usage_error> write_new(std::filesystem::path const& file,
                                             std::string_view bytes, bool executable);

// Exit status 0: made; 1: could not be made; 2: used wrongly.
int new_command(command_call const& call);

}  // namespace gatehouse::commands
