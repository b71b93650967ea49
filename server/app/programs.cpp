#include "gatehouse/app/programs.hpp"

#include <unistd.h>

#include <algorithm>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/cgi/script_lookup.hpp"
#include "gatehouse/cgi/script_review.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::app {
namespace {

using config::mapping;

// Whether this mapping answers a request for the path, and not one with a longer prefix.
bool is_answered_by(mapping const& m, std::vector<mapping> const& all, std::string const& path) {
  auto const first = std::find_if(all.begin(), all.end(), [&](mapping const& other) {
    return http::path_below(path, other.prefix).has_value();
  });
  return first != all.end() && first->prefix == m.prefix;
}

bool can_run(program const& what, config::site_options const& site) {
  auto const name = what.file.filename().native();
  if (cgi::role_of(name) != cgi::file_role::program) return false;
  return has_interpreter(site, what.file) || ::access(what.file.c_str(), X_OK) == 0;
}

}  // namespace

std::vector<program> served_programs(config::options const& chosen, map_kinds kinds,
                                     std::size_t files) {
  auto const all = mappings_of(chosen.site);
  std::vector<program> out;
  for (auto const& m : all) {
    auto const find = kind_of(m, kinds).programs;
    if (find == nullptr) continue;
    auto here = find(m, chosen.server, chosen.site, files);
    std::erase_if(here, [&](program const& p) { return !is_answered_by(m, all, p.path); });
    out.insert(out.end(), here.begin(), here.end());
  }
  std::sort(out.begin(), out.end(),
            [](program const& a, program const& b) { return a.path < b.path; });
  return out;
}

std::vector<std::string> runnable_programs(config::options const& chosen, map_kinds kinds) {
  std::vector<std::string> out;
  for (auto const& p : served_programs(chosen, kinds, base::limits::offered_files)) {
    if (out.size() == base::limits::offered_programs) break;
    if (can_run(p, chosen.site)) out.push_back(p.path);
  }
  return out;
}

std::vector<program> offered_programs(config::options const& chosen, map_kinds kinds) {
  auto out = served_programs(chosen, kinds);
  std::erase_if(out, [&](program const& p) {
    return cgi::is_no_program(p.file, has_interpreter(chosen.site, p.file));
  });
  return out;
}

bool has_interpreter(config::site_options const& chosen, std::filesystem::path const& file) {
  return std::any_of(chosen.interpreters.begin(), chosen.interpreters.end(),
                     [&](config::interpreter const& i) {
                       return cgi::has_extension(file.filename().native(), {i.extension});
                     });
}

std::vector<program_directory> program_directories(config::options const& chosen, map_kinds kinds) {
  std::vector<program_directory> out;
  std::error_code ec;
  for (auto const& m : mappings_of(chosen.site)) {
    bool const has_programs = kind_of(m, kinds).runs_target &&
                              m.form != config::map_target::as_written &&
                              std::filesystem::is_directory(m.target, ec);
    if (has_programs) out.push_back({m.target, m.prefix});
  }
  return out;
}

}  // namespace gatehouse::app
