#include "gatehouse/cgi/script_lookup.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "gatehouse/gateway/failures.hpp"

namespace gatehouse::cgi {
namespace {

enum class kind { missing, directory, file, other };

// Errors are the system's that say nothing about the path.
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

// Takes the next segment off the front of a path, with the slashes before it; empty at the end.
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  auto const segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

std::optional<std::string> path_info_of(std::string_view rest) {
  return rest.empty() ? std::nullopt : std::optional<std::string>(rest);
}

// Walks down a path until a file that `wanted` accepts; nothing if there is none on the way.
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

// The first index file of the directory that the path names, if that is a program.
http::result<std::optional<gateway::script_target>> index_program(script_rules const& rules,
                                                                  std::string_view rest) {
  std::string name = rules.prefix;
  auto directory = rules.root;
  for (auto segment = next_segment(rest); !segment.empty(); segment = next_segment(rest)) {
    if (segment.starts_with('.')) return std::nullopt;
    name.append("/").append(segment);
    directory /= segment;
  }
  for (auto const& index : rules.index) {
    auto const found = kind_of(directory / index);
    if (found.has_error()) return gateway::not_looked_at(directory / index, found.error());
    if (*found != kind::file) continue;
    if (!has_extension(index, rules.extensions)) return std::nullopt;
    return gateway::script_target{name + "/" + index, std::nullopt, directory / index, {}};
  }
  return std::nullopt;
}

bool lies_beneath(std::filesystem::path const& file, std::filesystem::path const& root) {
  std::error_code ec;
  auto const real = std::filesystem::canonical(file, ec);
  if (ec) return false;
  auto const relative = real.lexically_relative(root);
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
    found = index_program(rules, rest);
  if (found.has_error() || !found->has_value()) return found;
  if (!rules.follow_symlinks && !lies_beneath((**found).file, rules.root)) return std::nullopt;
  return found;
}

bool may_be_among_files(script_rules const& rules, std::string_view rest) {
  if (rules.extensions.empty()) return false;
  if (rest.empty() || rest.ends_with('/')) return true;  // an index file
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
