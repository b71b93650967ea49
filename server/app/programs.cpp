#include "gatehouse/app/programs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/cgi/script_lookup.hpp"
#include "gatehouse/http/target.hpp"

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

using mount = config::mapping;

// What answers below which prefix, in the router's order: the longest prefix first.
std::vector<mount> mounts_of(config::options const& chosen) {
  std::vector<mount> out = chosen.site.mappings;
  auto const add = [&](mount m) {
    bool const replaced = std::any_of(out.begin(), out.end(),
                                      [&](mount const& other) { return other.prefix == m.prefix; });
    if (!replaced) out.push_back(std::move(m));
  };
  if (!chosen.site.cgi_bin.empty())
    add({"/cgi-bin", config::mapping::kind::cgi, chosen.site.cgi_bin});
  add({"", config::mapping::kind::static_files, chosen.site.root});
  std::stable_sort(out.begin(), out.end(), [](mount const& a, mount const& b) {
    return a.prefix.size() > b.prefix.size();
  });
  return out;
}

void add_directory(std::vector<program>& to, mount const& m) {
  each_file(m.target, [&](std::string const& rest) {
    auto const target = cgi::find_in_directory(m.target, m.prefix, rest);
    if (!target.has_error()) to.push_back({target->file, target->script_name});
  });
}

void add_by_extension(std::vector<program>& to, mount const& m, config::options const& chosen) {
  cgi::script_rules const rules{m.target, m.prefix, chosen.site.cgi_extensions, chosen.site.index,
                                chosen.server.follow_symlinks};
  if (rules.extensions.empty()) return;
  each_file(m.target, [&](std::string const& rest) {
    auto const target = cgi::find_among_files(rules, rest);
    bool const found = target.has_value() && target->has_value();
    if (found && !(**target).path_info) to.push_back({(**target).file, (**target).script_name});
  });
}

// Whether this mount answers a request for the path, and not one with a longer prefix.
bool is_answered_by(mount const& m, std::vector<mount> const& all, std::string const& path) {
  auto const first = std::find_if(all.begin(), all.end(), [&](mount const& other) {
    return http::path_below(path, other.prefix).has_value();
  });
  return first != all.end() && first->prefix == m.prefix;
}

}  // namespace

std::vector<program> served_programs(config::options const& chosen) {
  auto const mounts = mounts_of(chosen);
  std::vector<program> out;
  for (auto const& m : mounts) {
    std::vector<program> here;
    std::error_code ec;
    if (m.what == config::mapping::kind::static_files) {
      add_by_extension(here, m, chosen);
    } else if (fs::is_directory(m.target, ec)) {
      add_directory(here, m);
    } else {
      here.push_back({m.target, m.prefix});
    }
    std::erase_if(here, [&](program const& p) { return !is_answered_by(m, mounts, p.path); });
    out.insert(out.end(), here.begin(), here.end());
  }
  std::sort(out.begin(), out.end(),
            [](program const& a, program const& b) { return a.path < b.path; });
  return out;
}

std::vector<program_directory> program_directories(config::options const& chosen) {
  std::vector<program_directory> out;
  std::error_code ec;
  for (auto const& m : mounts_of(chosen)) {
    bool const programs = m.what == config::mapping::kind::cgi && fs::is_directory(m.target, ec);
    if (programs) out.push_back({m.target, m.prefix});
  }
  return out;
}

}  // namespace gatehouse::app
