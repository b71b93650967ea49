#include "gatehouse/app/program_search.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::app {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries_of(fs::path const& directory) {
  std::vector<fs::path> out;
  std::error_code ec;
  for (fs::directory_iterator at(directory, ec), end; !ec && at != end; at.increment(ec)) {
    if (!at->path().filename().native().starts_with('.')) out.push_back(at->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

using identity_of_directory = std::pair<dev_t, ino_t>;
using found_file = std::function<void(std::string const& rest)>;

// Calls found for each file below the directory, with its path there ("/sub/a.cgi"). way: the
// directories that lead here, which are not entered again.
void walk(fs::path const& directory, std::string const& rest,
          std::vector<identity_of_directory>& way, found_file const& found) {
  struct ::stat status {};
  if (way.size() == base::limits::program_directory_depth ||
      ::stat(directory.c_str(), &status) != 0)
    return;
  identity_of_directory const here{status.st_dev, status.st_ino};
  if (std::find(way.begin(), way.end(), here) != way.end()) return;
  way.push_back(here);
  for (auto const& entry : entries_of(directory)) {
    auto const below = rest + "/" + entry.filename().native();
    std::error_code ec;
    if (fs::is_directory(entry, ec)) {
      walk(entry, below, way, found);
    } else {
      found(below);
    }
  }
  way.pop_back();
}

void each_file(fs::path const& directory, found_file const& found) {
  std::vector<identity_of_directory> way;
  walk(directory, "", way, found);
}

}  // namespace

std::vector<program> programs_in_directory(fs::path const& directory, std::string const& prefix) {
  std::vector<program> out;
  each_file(directory, [&](std::string const& rest) {
    auto const target = cgi::find_in_directory(directory, prefix, rest);
    if (!target.has_error()) out.push_back({target->file, target->script_name});
  });
  return out;
}

std::vector<program> programs_among_files(cgi::script_rules const& rules) {
  std::vector<program> out;
  if (rules.extensions.empty()) return out;
  each_file(rules.root, [&](std::string const& rest) {
    auto const target = cgi::find_among_files(rules, rest);
    bool const found = target.has_value() && target->has_value();
    if (found && !(**target).path_info) out.push_back({(**target).file, (**target).script_name});
  });
  return out;
}

}  // namespace gatehouse::app
