#pragma once
// An open directory (opendir(3)), for names that are read while requests are answered: without
// memory, the iterators of the standard library end the process.

#include <dirent.h>

#include <memory>

namespace gatehouse::base {

struct close_directory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// Null: the directory could not be opened.
using directory_stream = std::unique_ptr<DIR, close_directory>;

}  // namespace gatehouse::base
