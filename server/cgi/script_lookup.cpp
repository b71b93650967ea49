#include "gatehouse/cgi/script_lookup.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "gatehouse/base/directory_stream.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/nearest.hpp"
#include "gatehouse/gateway/failures.hpp"

namespace gatehouse::cgi {
namespace {

enum class kind { missing, directory, file, other };

// An error is one of the system's that says nothing about the path, such as a lack of memory.
base::result<kind> kind_of(std::filesystem::path const& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    auto const why = base::last_error();
    if (gateway::is_about_path(why)) return kind::missing;
    return why;
  }
  if (S_ISDIR(info.st_mode)) return kind::directory;
  return S_ISREG(info.st_mode) ? kind::file : kind::other;
}

// Removes the next segment from the front of a path, with the slashes before it, and returns it; it
// is empty at the end of the path.
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  auto const segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

std::optional<std::string> path_info_of(std::string_view rest) {
  return rest.empty() ? std::nullopt : std::optional<std::string>(rest);
}

// Walks down a path to the first file. Returns nothing if there is none, or `wanted` refuses its
// name.
template <class Wanted>
http::result<std::optional<gateway::script_target>> walk(std::filesystem::path at,
                                                         std::string_view prefix,
                                                         std::string_view rest, Wanted wanted) {
  std::string name(prefix);
  while (true) {
    auto const segment = next_segment(rest);
    if (segment.empty() || segment.starts_with('.')) return std::nullopt;
    name.append("/").append(segment);
    at /= segment;
    auto const found = kind_of(at);
    if (found.has_error()) return gateway::not_looked_at(at, found.error());
    if (*found == kind::directory) continue;
    if (*found != kind::file || !wanted(segment)) return std::nullopt;
    return gateway::script_target{std::move(name), path_info_of(rest), std::move(at), {}};
  }
}

// A directory that a path names: its URL path, and where it is in the file system.
struct named_directory {
  std::string name;
  std::filesystem::path where;
};

// Returns nothing for a hidden directory (a segment that begins with a dot).
std::optional<named_directory> directory_named(std::filesystem::path root, std::string_view prefix,
                                               std::string_view rest) {
  named_directory out{std::string(prefix), std::move(root)};
  for (auto segment = next_segment(rest); !segment.empty(); segment = next_segment(rest)) {
    if (segment.starts_with('.')) return std::nullopt;
    out.name.append("/").append(segment);
    out.where /= segment;
  }
  return out;
}

// What a lookup makes of an index file that exists: it answers, the next name is tried, or no
// program answers for the directory.
enum class verdict { take, pass_over, give_up };

// The first of the names that is a file in the directory and for which `judge` returns take.
template <class Judge>
http::result<std::optional<gateway::script_target>> first_index(
    std::optional<named_directory> const& in, std::vector<std::string> const& index, Judge judge) {
  if (!in) return std::nullopt;
  for (auto const& name : index) {
    auto file = in->where / name;
    auto const found = kind_of(file);
    if (found.has_error()) return gateway::not_looked_at(file, found.error());
    if (*found != kind::file) continue;
    auto const judged = judge(file);
    if (judged == verdict::pass_over) continue;
    if (judged == verdict::give_up) return std::nullopt;
    return gateway::script_target{in->name + "/" + name, std::nullopt, std::move(file), {}};
  }
  return std::nullopt;
}

// Where a path ends that names no program: the last directory that exists, the segment that is not
// a directory in it, and what follows.
struct dead_end {
  named_directory directory;
  std::string_view segment;
  std::string_view rest;
};

std::optional<dead_end> dead_end_of(std::filesystem::path root, std::string_view prefix,
                                    std::string_view rest) {
  dead_end out{{std::string(prefix), std::move(root)}, {}, {}};
  while (true) {
    out.segment = next_segment(rest);
    if (out.segment.empty() || out.segment.starts_with('.')) return std::nullopt;
    auto const found = kind_of(out.directory.where / out.segment);
    if (found.has_error()) return std::nullopt;
    out.rest = rest;
    if (*found != kind::directory) return out;
    out.directory.name.append("/").append(out.segment);
    out.directory.where /= out.segment;
  }
}

std::vector<std::string> names_in(std::filesystem::path const& directory) {
  base::directory_stream const names(::opendir(directory.c_str()));
  return base::visible_names(names, base::limits::names_compared);
}

bool lies_beneath(std::filesystem::path const& file, std::filesystem::path const& root) {
  std::error_code ec;
  auto const real = std::filesystem::canonical(file, ec);
  if (ec) return false;
  auto const real_root = std::filesystem::canonical(root, ec);
  if (ec) return false;
  auto const relative = real.lexically_relative(real_root);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

http::result<gateway::script_target> find_in_directory(std::filesystem::path const& directory,
                                                       std::string_view prefix,
                                                       std::string_view rest) {
  auto found = walk(directory, prefix, rest, [](std::string_view) { return true; });
  if (found.has_error()) return found.error();
  if (found->has_value()) return std::move(**found);
  http::http_error missing{.status = 404, .reason = "script-not-found"};
  missing.detail = "no program at " + std::string(prefix) + std::string(rest);
  return missing;
}

http::result<std::optional<gateway::script_target>> find_index(
    std::filesystem::path const& directory, std::string_view prefix, std::string_view rest,
    std::vector<std::string> const& index, std::vector<interpreter> const& interpreters) {
  return first_index(
      directory_named(directory, prefix, rest), index, [&](std::filesystem::path const& file) {
        bool const runs =
            interpreter_for(interpreters, file) != nullptr || ::access(file.c_str(), X_OK) == 0;
        return runs ? verdict::take : verdict::pass_over;
      });
}

std::optional<std::string> nearest_program(std::filesystem::path const& directory,
                                           std::string_view prefix, std::string_view rest) {
  auto const end = dead_end_of(directory, prefix, rest);
  if (!end) return std::nullopt;
  auto const names = names_in(end->directory.where);
  auto const near = base::nearest(end->segment, {names.begin(), names.end()});
  if (!near) return std::nullopt;
  auto const name = end->directory.name + "/" + std::string(*near);
  auto const found = kind_of(end->directory.where / *near);
  if (found.has_value() && *found == kind::file) return name;
  auto const further = find_in_directory(end->directory.where / *near, name, end->rest);
  return further.has_value() ? std::optional(further->script_name) : std::nullopt;
}

interpreter const* interpreter_for(std::vector<interpreter> const& interpreters,
                                   std::filesystem::path const& file) {
  auto const name = file.filename().string();
  for (auto const& i : interpreters) {
    if (has_extension(name, {i.extension})) return &i;
  }
  return nullptr;
}

gateway::script_target single_script(std::filesystem::path const& file, std::string_view prefix,
                                     std::string_view rest) {
  return {std::string(prefix), path_info_of(rest), file, {}};
}

http::result<std::optional<gateway::script_target>> find_among_files(script_rules const& rules,
                                                                     std::string_view rest) {
  if (!may_be_among_files(rules, rest)) return std::nullopt;
  auto const is_program = [&](std::string_view name) {
    return has_extension(name, rules.extensions);
  };
  auto found = walk(rules.root, rules.prefix, rest, is_program);
  if (found.has_error()) return found;
  if (!found->has_value() && (rest.empty() || rest.ends_with('/')))
    found = first_index(directory_named(rules.root, rules.prefix, rest), rules.index,
                        [&](std::filesystem::path const& file) {
                          return is_program(file.filename().native()) ? verdict::take
                                                                      : verdict::give_up;
                        });
  if (found.has_error() || !found->has_value()) return found;
  if (!rules.follow_symlinks && !lies_beneath((**found).file, rules.root)) return std::nullopt;
  return found;
}

bool may_be_among_files(script_rules const& rules, std::string_view rest) {
  if (rules.extensions.empty()) return false;
  if (rest.empty() || rest.ends_with('/')) return true;  // It may have an index file.
  for (auto segment = next_segment(rest); !segment.empty(); segment = next_segment(rest)) {
    if (has_extension(segment, rules.extensions)) return true;
  }
  return false;
}

bool has_extension(std::string_view name, std::vector<std::string> const& extensions) {
  return std::any_of(extensions.begin(), extensions.end(), [&](std::string const& extension) {
    return name.size() > extension.size() && name.ends_with(extension);
  });
}

}  // namespace gatehouse::cgi
