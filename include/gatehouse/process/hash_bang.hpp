#pragma once
// The first line of a script, "#!INTERPRETER [ARGUMENT]", as Linux reads it (execve(2)). Pure, but
// for read_hash_bang().

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::process {

struct hash_bang {
  std::string interpreter;  // its path
  std::string argument;     // all that is behind it, as one word; empty: none
  bool operator==(hash_bang const&) const = default;
};

// Nothing if this is not the beginning of a script, or its first line is longer than Linux takes.
std::optional<hash_bang> parse_hash_bang(std::string_view beginning);

// Of a regular file that we may read.
std::optional<hash_bang> read_hash_bang(std::string const& file);

// The program that is run by the line, directly or through env(1), and its words.
struct interpreter_words {
  std::string name;                // without its directory
  std::vector<std::string> flags;  // what it gets before the script's path
  bool operator==(interpreter_words const&) const = default;
};

// Nothing where env(1) is told more than the program and, after -S, plain words for it.
std::optional<interpreter_words> words_of(hash_bang const& line);

}  // namespace gatehouse::process
