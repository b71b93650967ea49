#include "gatehouse/life/source_watch.hpp"

#include <sys/stat.h>

#include <utility>

namespace gatehouse::life {

source_watch::stamp source_watch::stamp_of(std::string const& path) {
  struct stat is {};
  if (::stat(path.c_str(), &is) != 0) return {};
  return {is.st_ino, is.st_size, is.st_mtim.tv_sec, is.st_mtim.tv_nsec};
}

std::optional<std::string> source_watch::look(std::vector<std::string> const& files) {
  std::map<std::string, stamp> now;
  bool settled = true;
  for (auto const& path : files) {
    auto const& seen = now[path] = stamp_of(path);
    auto const before = known_.find(path);
    if (before == known_.end() || before->second == seen) continue;
    changed_ = path;
    settled = false;
  }
  known_ = std::move(now);
  return settled ? std::exchange(changed_, std::nullopt) : std::nullopt;
}

}  // namespace gatehouse::life
