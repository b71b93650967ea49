#pragma once
// Every program that the server would run, by walking the directories that it serves and asking for
// each file what a request would find.

#include <filesystem>
#include <string>
#include <vector>

#include "gatehouse/config/options.hpp"

namespace gatehouse::app {

struct program {
  std::filesystem::path file;
  std::string path;  // of its URL, decoded
};

// chosen: with its directories resolved. Ordered by path. A directory that cannot be listed has
// none.
std::vector<program> served_programs(config::options const& chosen);

// A directory of programs: cgi-bin, or one that is mapped as such. There may be none in it.
struct program_directory {
  std::filesystem::path directory;
  std::string prefix;  // "/cgi-bin"
};
std::vector<program_directory> program_directories(config::options const& chosen);

}  // namespace gatehouse::app
