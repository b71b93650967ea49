#pragma once
// Whether a file of an application that is kept in memory has changed (--reload).

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::life {

class source_watch {
 public:
  // Looks at the files, and gives one that has changed, or is gone, since it was looked at first.
  // That is told once, and only when nothing has changed since the look before: whoever writes one
  // file may be about to write the next. A file that was not among the last ones is only noted.
  std::optional<std::string> look(std::vector<std::string> const& files);

 private:
  struct stamp {
    std::uint64_t inode = 0;  // 0: it is not there
    std::int64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(stamp const&) const = default;
  };
  static stamp stamp_of(std::string const& path);

  std::map<std::string, stamp> known_;
  std::optional<std::string> changed_;  // and not told yet
};

}  // namespace gatehouse::life
