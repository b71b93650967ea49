#include "gatehouse/app/map_kinds.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "gatehouse/app/program_list.hpp"
#include "gatehouse/app/remote_applications.hpp"
#include "gatehouse/app/wsgi_applications.hpp"
#include "gatehouse/cgi/gateway.hpp"
#include "gatehouse/files/static_handler.hpp"

namespace gatehouse::app {
namespace {

using config::mapping;
using config::server_options;
using config::site_options;

bool is_one_program(mapping const& what) {
  if (what.form == config::map_target::program) return true;
  std::error_code ec;
  return what.form == config::map_target::directory_or_program &&
         !std::filesystem::is_directory(what.target, ec);
}

cgi::script_rules among_files(mapping const& what, server_options const& server,
                              site_options const& site) {
  return {what.target, what.prefix, site.cgi_extensions, site.index, server.follow_symlinks};
}

bool is_at_or_below(std::filesystem::path const& path, std::filesystem::path const& directory) {
  std::error_code missing;
  auto const inner = std::filesystem::weakly_canonical(path, missing);
  auto const outer = std::filesystem::weakly_canonical(directory, missing);
  auto const [rest, ignored] =
      std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return rest == outer.end() || (std::next(rest) == outer.end() && rest->empty());
}

// What an application is there to run is never given out as a file, even where --cgi-ext does not
// name it; nor is the Python of an application that lies among the files.
std::vector<std::string> script_extensions(mapping const& files, site_options const& site) {
  auto out = site.cgi_extensions;
  for (auto const& each : site.mappings) {
    if (each.kind == "wsgi" && is_at_or_below(directory_of(each), files.target))
      out.emplace_back(".py");
  }
  for (auto const& each : site.interpreters) {
    if (!each.kind.empty()) out.push_back(each.extension);
  }
  return out;
}

// Files, with the programs among them where --cgi-ext names some.
std::unique_ptr<http::handler> make_files(mapping const& what, site_parts const& parts) {
  auto files = std::make_unique<files::static_handler>(
      files::static_options{.root = what.target,
                            .prefix = what.prefix,
                            .index = parts.site.index,
                            .listing = parts.site.listing,
                            .follow_symlinks = parts.server.follow_symlinks,
                            .hidden = parts.hidden,
                            .script_extensions = script_extensions(what, parts.site)});
  if (parts.site.cgi_extensions.empty()) return files;
  return std::make_unique<cgi::extension_gateway>(
      parts.scripts, among_files(what, parts.server, parts.site), std::move(files));
}

std::unique_ptr<http::handler> make_scripts(mapping const& what, site_parts const& parts) {
  auto programs = std::make_unique<cgi::prefix_gateway>(parts.scripts, what.prefix, what.target);
  if (is_one_program(what) || !parts.site.listing) return programs;
  std::vector<std::string> interpreted;
  for (auto const& one : parts.site.interpreters) interpreted.push_back(one.extension);
  return std::make_unique<program_list>(std::move(programs), what.prefix, what.target,
                                        std::move(interpreted));
}

std::vector<program> programs_by_extension(mapping const& what, server_options const& server,
                                           site_options const& site, std::size_t files) {
  return programs_among_files(among_files(what, server, site), files);
}

std::vector<program> all_programs(mapping const& what, server_options const&, site_options const&,
                                  std::size_t files) {
  if (is_one_program(what)) return {{what.target, what.prefix}};
  return programs_in_directory(what.target, what.prefix, files);
}

// A kind whose target is the address of an application that runs elsewhere, or a program of ours.
constexpr map_kind remote_kind(std::string_view name, std::string_view serves,
                               std::string_view serves_one) {
  return {.syntax = {.name = name,
                     .target = config::map_target::as_written,
                     .keys = program_keys,
                     .check_target = check_addresses_or_program,
                     .interprets = true,
                     .is_program = is_program},
          .serves = serves,
          .serves_one = serves_one,
          .runs_target = true,
          .make = make_mapped,
          .make_application = make_remote,
          .keep = keep_mapped,
          .keep_application = keep_programs};
}

constexpr map_kind table[] = {
    {.syntax = {"static", config::map_target::directory},
     .serves = "files of",
     .make = make_files,
     .programs = programs_by_extension},
    {.syntax = {"cgi", config::map_target::directory_or_program},
     .serves = "programs of",
     .serves_one = "the program",
     .runs_target = true,
     .make = make_scripts,
     .programs = all_programs},
    remote_kind("fastcgi", "FastCGI application at", "FastCGI program"),
    remote_kind("scgi", "SCGI application at", "SCGI program"),
    {.syntax = {.name = "uwsgi",
                .target = config::map_target::as_written,
                .check_target = check_addresses,
                .interprets = true},
     .serves = "uwsgi application at",
     .runs_target = true,
     .make = make_mapped,
     .make_application = make_remote},
    {.syntax = {"wsgi", config::map_target::as_written, wsgi_keys},
     .serves = "the application",
     .runs_target = true,
     .make = make_application,
     .keep = keep_workers},
};

}  // namespace

map_kinds registered_kinds() {
  return table;
}

config::map_syntaxes registered_syntaxes() {
  static auto const all = [] {
    std::array<config::map_syntax, std::size(table)> out;
    std::transform(std::begin(table), std::end(table), out.begin(),
                   [](map_kind const& kind) { return kind.syntax; });
    return out;
  }();
  return all;
}

map_kind const& kind_of(mapping const& what, map_kinds kinds) {
  auto const found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](map_kind const& k) { return k.syntax.name == what.kind; });
  if (found == kinds.end()) throw std::logic_error("there is no kind of map " + what.kind);
  return *found;
}

std::string_view words_of(mapping const& what, map_kind const& kind) {
  return is_one_program(what) ? kind.serves_one : kind.serves;
}

std::vector<mapping> mappings_of(site_options const& chosen) {
  auto out = chosen.mappings;
  auto const add = [&](mapping m) {
    bool const taken = std::any_of(out.begin(), out.end(),
                                   [&](mapping const& other) { return other.prefix == m.prefix; });
    if (!taken) out.push_back(std::move(m));
  };
  if (!chosen.cgi_bin.empty()) add({"/cgi-bin", "cgi", chosen.cgi_bin});
  add({"", "static", chosen.root});
  std::stable_sort(out.begin(), out.end(), [](mapping const& a, mapping const& b) {
    return a.prefix.size() > b.prefix.size();
  });
  return out;
}

}  // namespace gatehouse::app
