#pragma once
// Finds what everybody may read below a directory. A sandbox of a server that runs as root needs
// this, because file modes do not keep root from anything.

#include <ctime>
#include <filesystem>
#include <vector>

namespace gatehouse::process {

struct public_parts {
  struct directory {
    std::filesystem::path path;
    timespec changed;  // before it was read
  };
  // As few as name all: a directory in which all is public stands for what is in it. Symbolic links
  // are left out; what they lead to is public by its own place.
  std::vector<std::filesystem::path> paths;
  std::vector<directory> directories;  // whose change may change the answer
  // One of them had just changed: another change within the same tick of the clock would look
  // alike.
  bool unsettled = false;
};

public_parts public_parts_of(std::filesystem::path const& directory);

// Whether entries may have come, gone or been replaced since. A mode that was changed is not
// noticed.
bool has_changed(public_parts const& parts);

}  // namespace gatehouse::process
