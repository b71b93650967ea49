#include "gatehouse/config/directories.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "gatehouse/base/error.hpp"
#include "gatehouse/config/command_names.hpp"
#include "gatehouse/config/option_values.hpp"

namespace gatehouse::config {
namespace {

namespace fs = std::filesystem;

// What is wrong with a path, as the end of a sentence that names it; nothing if it is good.
using complaint = std::optional<std::string>;

enum class wanted { directory, directory_or_program };

// What becomes of the symbolic links in a path: those to a site are followed anew at each request,
// so that a deployment can lead the link elsewhere; those of a sandbox are followed once.
enum class links { kept, followed };

// An absolute path without "." and without a slash at its end; a path with ".." has its links
// followed, because ".." is a directory above where a link leads.
fs::path made_absolute(fs::path const& path, links how, std::error_code& ec) {
  bool const has_parent = std::find(path.begin(), path.end(), "..") != path.end();
  if (how == links::followed || has_parent) return fs::canonical(path, ec);
  auto const plain = path.lexically_normal();
  return plain.has_filename() || plain == plain.root_path() ? plain : plain.parent_path();
}

complaint check_path(fs::path const& path, wanted what) {
  std::error_code ec;
  auto const status = fs::status(path, ec);
  if (status.type() == fs::file_type::not_found) return "does not exist";
  if (ec) return "cannot be opened: " + ec.message();
  if (what == wanted::directory_or_program && fs::is_regular_file(status)) return std::nullopt;
  if (!fs::is_directory(status)) return "is not a directory";
  if (::access(path.c_str(), R_OK | X_OK) != 0) {
    return "cannot be read: " + base::last_error().message();
  }
  return std::nullopt;
}

class resolver {
 public:
  explicit resolver(fs::path const& working_directory) : working_directory_(working_directory) {}

  // Makes path absolute, or remembers why it cannot be used.
  void operator()(fs::path& path, std::string_view option, wanted what, links how = links::kept) {
    if (error_) return;
    auto const absolute = working_directory_ / path;
    auto wrong = check_path(absolute, what);
    std::error_code ec;
    auto whole = made_absolute(absolute, how, ec);
    if (!wrong && ec) wrong = "cannot be resolved: " + ec.message();
    if (wrong) {
      auto const hint = option == "DIRECTORY" && !fs::exists(absolute, ec)
                            ? command_hint(path.native())
                            : std::string();
      error_ = usage_error{"gatehouse: " + std::string(option) + ": " + in_quotes(path.native()) +
                           " " + *wrong + hint};
      return;
    }
    path = std::move(whole);
  }

  // The first of the names that is a directory, or empty.
  fs::path first_directory(std::initializer_list<fs::path> names) const {
    for (fs::path const& name : names) {
      std::error_code ec;
      if (fs::is_directory(working_directory_ / name, ec)) return name;
    }
    return {};
  }

  std::optional<usage_error> const& error() const { return error_; }

 private:
  fs::path working_directory_;
  std::optional<usage_error> error_;
};

// Why a program cannot be run, as the end of a sentence that names it; nothing if it can.
complaint check_executable(fs::path const& program) {
  std::error_code ec;
  auto const type = fs::status(program, ec).type();
  if (type == fs::file_type::directory) return "cannot be run: it is a directory";
  if (type == fs::file_type::socket)
    return "is a socket, and no program: write unix:" + program.native();
  if (::access(program.c_str(), X_OK) == 0) return std::nullopt;
  return "cannot be run: " + base::last_error().message();
}

std::optional<usage_error> require_executable(fs::path const& program, std::string_view option) {
  auto const wrong = check_executable(program);
  if (!wrong) return std::nullopt;
  return usage_error{"gatehouse: " + std::string(option) + ": " + in_quotes(program.native()) +
                     " " + *wrong};
}

// Of every program that the server keeps, and every interpreter that it starts.
std::optional<usage_error> resolve_programs(site_options& site, fs::path const& working_directory) {
  for (mapping& m : site.mappings) {
    if (m.form != map_target::program) continue;
    m.target = (working_directory / m.target).lexically_normal();
    if (auto wrong = require_executable(m.target, "--map")) return wrong;
  }
  for (interpreter& entry : site.interpreters) {
    bool const kept = entry.form == map_target::program;
    if (!entry.kind.empty() && !kept) continue;
    if (kept) entry.program = (working_directory / entry.program).lexically_normal();
    if (auto wrong = require_executable(entry.program, "--interpreter")) return wrong;
  }
  return std::nullopt;
}

}  // namespace

std::variant<options, usage_error> resolve_directories(options given,
                                                       fs::path const& working_directory) {
  resolver resolve(working_directory);
  if (given.site.root.empty()) given.site.root = resolve.first_directory({"www", "."});
  resolve(given.site.root, "DIRECTORY", wanted::directory);
  if (given.site.cgi_bin.empty() && !given.site.cgi_bin_off) {
    given.site.cgi_bin = resolve.first_directory({given.site.root / "cgi-bin", "cgi-bin"});
  }
  if (!given.site.cgi_bin.empty()) resolve(given.site.cgi_bin, "--cgi-bin", wanted::directory);
  for (mapping& m : given.site.mappings) {
    if (m.form == map_target::as_written || m.form == map_target::program) continue;
    resolve(m.target, "--map",
            m.form == map_target::directory ? wanted::directory : wanted::directory_or_program);
  }
  for (auto& path : given.server.sandbox_read)
    resolve(path, "--sandbox-read", wanted::directory_or_program, links::followed);
  for (auto& path : given.server.sandbox_write)
    resolve(path, "--sandbox-write", wanted::directory, links::followed);
  if (resolve.error()) return *resolve.error();
  if (auto wrong = resolve_programs(given.site, working_directory)) return *wrong;
  return given;
}

}  // namespace gatehouse::config
