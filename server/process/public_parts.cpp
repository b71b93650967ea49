#include "gatehouse/process/public_parts.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "gatehouse/base/directory_stream.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::process {
namespace {

namespace fs = std::filesystem;

bool same_time(timespec const& a, timespec const& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

timespec change_time(fs::path const& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ctim : timespec{};
}

bool add_directory(fs::path const& directory, public_parts& to);

// Adds what is public of one entry, and returns whether all of it is.
bool add_entry(fs::path const& entry, public_parts& to) {
  struct stat info {};
  if (::lstat(entry.c_str(), &info) != 0 || S_ISLNK(info.st_mode)) return true;
  bool const directory = S_ISDIR(info.st_mode);
  mode_t const needed = directory ? S_IROTH | S_IXOTH : S_IROTH;
  if ((info.st_mode & needed) != needed) return false;
  if (directory) return add_directory(entry, to);
  if (S_ISREG(info.st_mode)) to.paths.push_back(entry);
  return S_ISREG(info.st_mode);
}

// If the clock was set back, the change seems to lie in the future, and counts as recent as well.
bool just_changed(timespec const& when) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec - when.tv_sec <= base::limits::settled_time / std::chrono::seconds(1);
}

bool add_directory(fs::path const& directory, public_parts& to) {
  auto const changed = change_time(directory);
  to.directories.push_back({directory, changed});
  to.unsettled = to.unsettled || just_changed(changed);
  auto const before = to.paths.size();
  bool all = true;
  base::directory_stream const names(::opendir(directory.c_str()));
  if (!names) return false;
  errno = 0;
  while (auto const* const entry = ::readdir(names.get())) {
    std::string_view const name = entry->d_name;
    if (name != "." && name != ".." && !add_entry(directory / name, to)) all = false;
    errno = 0;
  }
  if (errno != 0 || !all) return false;
  to.paths.resize(before);
  to.paths.push_back(directory);
  return true;
}

}  // namespace

public_parts public_parts_of(fs::path const& directory) {
  public_parts out;
  add_directory(directory, out);
  return out;
}

bool has_changed(public_parts const& parts) {
  return parts.unsettled ||
         std::any_of(parts.directories.begin(), parts.directories.end(), [](auto const& directory) {
           return !same_time(change_time(directory.path), directory.changed);
         });
}

}  // namespace gatehouse::process
