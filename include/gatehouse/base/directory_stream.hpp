#pragma once
// An open directory (opendir(3)), for names that are read while requests are answered: without
// memory, the iterators of the standard library end the process.

#include <dirent.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::base {

struct close_directory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// Null: the directory could not be opened.
using directory_stream = std::unique_ptr<DIR, close_directory>;

// The names in it that do not begin with a dot, sorted. At most so many names are looked at,
// dotfiles among them, in the order of the file system. Blocks for as long as that does.
std::vector<std::string> visible_names(directory_stream const& directory, std::size_t most);

}  // namespace gatehouse::base
