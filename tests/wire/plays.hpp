#pragma once
// This program as a CGI script: exact about what it was given, where a shell or an interpreter
// would add something of its own. A file whose first line is `#!wire_tests --play=PART` runs PART.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

// The parts:
//   env      text/plain: NAME=value of each environment variable, each followed by a NUL
//   argv     text/plain: each argument after the script's name, each followed by a NUL
//   process  text/plain: lines `key=value` on ids, directory, descriptors and signals
//   echo     application/octet-stream: standard input
// Gives the exit status.
int play(std::string_view part, int argument_count, char** arguments);

// What the parts printed: NAME=value entries that each end in this character, or plain ones.
std::map<std::string, std::string> entries(std::string_view text, char end);
std::vector<std::string> words(std::string_view text, char end);

}  // namespace wire
