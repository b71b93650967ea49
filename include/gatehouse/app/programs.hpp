#pragma once
// Every program that the server would run, and the directories that they lie in.

#include <filesystem>
#include <string>
#include <vector>

#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/app/program_search.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::app {

// chosen: with its directories resolved. Ordered by path. files: how many entries of each mapped
// directory are looked at.
std::vector<program> served_programs(config::options const& chosen,
                                     map_kinds kinds = registered_kinds(),
                                     std::size_t files = all_files);

// The same without what only lies among the programs and would never be started: a text file, a
// source (cgi::is_no_program).
std::vector<program> offered_programs(config::options const& chosen,
                                      map_kinds kinds = registered_kinds());

// The paths of those that can be run as they are, for somebody to choose from: at most
// limits::offered_programs, and found without looking at more than limits::offered_files of each
// mapped directory.
std::vector<std::string> runnable_programs(config::options const& chosen,
                                           map_kinds kinds = registered_kinds());

// Whether an --interpreter is named for files of this name.
bool has_interpreter(config::site_options const& chosen, std::filesystem::path const& file);

// A directory of programs: cgi-bin, or one that is mapped as such. There may be none in it.
struct program_directory {
  std::filesystem::path directory;
  std::string prefix;  // "/cgi-bin"
};
std::vector<program_directory> program_directories(config::options const& chosen,
                                                   map_kinds kinds = registered_kinds());

}  // namespace gatehouse::app
