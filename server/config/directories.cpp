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

std::optional<usage_error> check_interpreter(interpreter const& entry) {
  if (::access(entry.program.c_str(), X_OK) == 0) return std::nullopt;
  auto const why = base::last_error().message();
  return usage_error{"gatehouse: --interpreter: " + in_quotes(entry.program.native()) +
                     " cannot be run: " + why};
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
    if (m.form == map_target::as_written) continue;
    resolve(m.target, "--map",
            m.form == map_target::directory ? wanted::directory : wanted::directory_or_program);
  }
  for (auto& path : given.server.sandbox_read)
    resolve(path, "--sandbox-read", wanted::directory_or_program, links::followed);
  for (auto& path : given.server.sandbox_write)
    resolve(path, "--sandbox-write", wanted::directory, links::followed);
  if (resolve.error()) return *resolve.error();
  for (interpreter const& entry : given.site.interpreters) {
    if (!entry.kind.empty()) continue;
    if (auto wrong = check_interpreter(entry)) return *wrong;
  }
  return given;
}

}  // namespace gatehouse::config
