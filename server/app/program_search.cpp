#include "gatehouse/app/program_search.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::app {
namespace {

namespace fs = std::filesystem;

using identity_of_directory = std::pair<dev_t, ino_t>;
using found_file = std::function<void(std::string const& rest)>;

// A walk through a directory and those in it, which ends after so many entries.
class walk {
 public:
  walk(std::size_t entries, found_file const& found) : left_(entries), found_(found) {}

  // Calls found for each file below the directory, with its path there ("/sub/a.cgi"), in order of
  // their names.
  void enter(fs::path const& directory, std::string const& rest) {
    struct ::stat status {};
    if (way_.size() == base::limits::program_directory_depth ||
        ::stat(directory.c_str(), &status) != 0)
      return;
    identity_of_directory const here{status.st_dev, status.st_ino};
    if (std::find(way_.begin(), way_.end(), here) != way_.end()) return;
    way_.push_back(here);
    for (auto const& entry : entries_of(directory)) {
      auto const below = rest + "/" + entry.filename().native();
      std::error_code ec;
      if (fs::is_directory(entry, ec)) {
        enter(entry, below);
      } else {
        found_(below);
      }
    }
    way_.pop_back();
  }

 private:
  std::vector<fs::path> entries_of(fs::path const& directory) {
    std::vector<fs::path> out;
    std::error_code ec;
    for (fs::directory_iterator at(directory, ec), end; left_ > 0 && !ec && at != end;
         at.increment(ec), --left_) {
      if (!at->path().filename().native().starts_with('.')) out.push_back(at->path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  std::size_t left_;
  found_file const& found_;
  std::vector<identity_of_directory> way_;  // the directories that lead here; not entered again
};

void each_file(fs::path const& directory, std::size_t most, found_file const& found) {
  walk(most, found).enter(directory, "");
}

}  // namespace

std::vector<program> programs_in_directory(fs::path const& directory, std::string const& prefix,
                                           std::size_t files) {
  std::vector<program> out;
  each_file(directory, files, [&](std::string const& rest) {
    auto const target = cgi::find_in_directory(directory, prefix, rest);
    if (!target.has_error()) out.push_back({target->file, target->script_name});
  });
  return out;
}

std::vector<program> programs_among_files(cgi::script_rules const& rules, std::size_t files) {
  std::vector<program> out;
  if (rules.extensions.empty()) return out;
  each_file(rules.root, files, [&](std::string const& rest) {
    auto const target = cgi::find_among_files(rules, rest);
    bool const found = target.has_value() && target->has_value();
    if (found && !(**target).path_info) out.push_back({(**target).file, (**target).script_name});
  });
  return out;
}

}  // namespace gatehouse::app
