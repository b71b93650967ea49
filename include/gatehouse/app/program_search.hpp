#pragma once
// Finds programs by walking a directory and asking for each file what a request would find.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "gatehouse/cgi/script_lookup.hpp"

namespace gatehouse::app {

struct program {
  std::filesystem::path file;
  std::string path;  // of its URL, decoded
};

inline constexpr std::size_t all_files = static_cast<std::size_t>(-1);

// Those of a directory in which every file is one. prefix: of the URL, without a slash at its end.
// files: how many entries of it and of the directories in it are looked at. A directory that cannot
// be listed has none.
std::vector<program> programs_in_directory(std::filesystem::path const& directory,
                                           std::string const& prefix,
                                           std::size_t files = all_files);

// Those among files.
std::vector<program> programs_among_files(cgi::script_rules const& rules,
                                          std::size_t files = all_files);

}  // namespace gatehouse::app
