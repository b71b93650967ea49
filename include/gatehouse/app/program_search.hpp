#pragma once
// Finds programs by walking a directory and asking for each file what a request would find.

#include <filesystem>
#include <string>
#include <vector>

#include "gatehouse/cgi/script_lookup.hpp"

namespace gatehouse::app {

struct program {
  std::filesystem::path file;
  std::string path;  // of its URL, decoded
};

// Those of a directory in which every file is one. prefix: of the URL, without a slash at its end.
// A directory that cannot be listed has none.
std::vector<program> programs_in_directory(std::filesystem::path const& directory,
                                           std::string const& prefix);

// Those among files.
std::vector<program> programs_among_files(cgi::script_rules const& rules);

}  // namespace gatehouse::app
