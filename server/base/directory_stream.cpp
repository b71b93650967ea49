#include "gatehouse/base/directory_stream.hpp"

#include <algorithm>

namespace gatehouse::base {

std::vector<std::string> visible_names(directory_stream const& directory, std::size_t most) {
  std::vector<std::string> out;
  for (std::size_t looked_at = 0; directory && looked_at < most; ++looked_at) {
    dirent const* const entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace gatehouse::base
