#include "gatehouse/files/nearest_file.hpp"

#include <vector>

#include "gatehouse/base/directory_stream.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/nearest.hpp"

namespace gatehouse::files {
namespace {

std::vector<std::string> names_in(document_root const& root, std::string_view directory) {
  auto opened = root.open(directory);
  if (opened.has_error() || !opened->is_directory()) return {};
  base::directory_stream const names(::fdopendir(opened->file.get()));
  if (!names) return {};
  static_cast<void>(opened->file.release());  // It is closedir's from now on.
  return base::visible_names(names, base::limits::names_compared);
}

}  // namespace

std::optional<std::string> nearest_file(
    document_root const& root, std::string_view path,
    std::function<bool(std::string_view name)> const& is_withheld) {
  if (path.ends_with('/')) path.remove_suffix(1);
  auto const name_at = path.rfind('/') + 1;  // npos + 1 is 0
  auto const directory = path.substr(0, name_at);
  auto names = names_in(root, directory);
  std::erase_if(names, is_withheld);
  auto const near = base::nearest(path.substr(name_at), {names.begin(), names.end()});
  if (!near) return std::nullopt;
  auto found = std::string(directory) + std::string(*near);
  // Only this tells whether it would be given out: it may be a link that leads elsewhere.
  auto const opened = root.open(found);
  if (opened.has_error() || is_withheld(opened->real_name)) return std::nullopt;
  if (opened->is_directory()) found += '/';
  return found;
}

}  // namespace gatehouse::files
