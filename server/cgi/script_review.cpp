#include "gatehouse/cgi/script_review.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::cgi {
namespace {

namespace fs = std::filesystem;
using findings = std::vector<gateway::script_finding>;

// How names of copies end that editors and package managers make. Copies of programs that have an
// extension are recognized by that, see holds_script_end().
constexpr std::array<std::string_view, 21> backup_ends = {
    "~",        ".bak",      ".old",    ".orig",      ".save",     ".swp",    ".swo",
    ".rej",     ".dpkg-old", ".copy",   ".dpkg-dist", ".dpkg-new", ".rpmnew", ".rpmsave",
    ".rpmorig", ".ucf-old",  ".pacnew", ".ucf-dist",  ".pacsave",  "_bak",    ",v"};
constexpr std::array<std::string_view, 13> source_ends = {
    ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".o", ".rs", ".go", ".java", ".hs", ".d", ".zig"};
// Extensions of files that are meant as programs even without an execute bit, which they may have
// lost.
constexpr std::array<std::string_view, 10> script_ends = {".sh",  ".bash", ".py", ".pl",  ".rb",
                                                          ".php", ".lua",  ".js", ".cgi", ".tcl"};

bool ends_in_one_of(std::string_view name, auto const& ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) {
    return name.size() > end.size() && name.ends_with(end);
  });
}

// Whether a name has a script's extension with something behind it: "a.py.1", "a.py_bak". A letter
// behind it makes it another extension (".python"), and a name that ends in a script's extension is
// one of a program.
bool holds_script_end(std::string_view name) {
  if (ends_in_one_of(name, script_ends)) return false;
  return std::any_of(script_ends.begin(), script_ends.end(), [&](std::string_view end) {
    for (auto at = name.find(end, 1); at != std::string_view::npos; at = name.find(end, at + 1)) {
      auto const next = static_cast<unsigned char>(name[at + end.size()]);
      if (std::isalpha(next) == 0) return true;
    }
    return false;
  });
}

gateway::script_finding found(gateway::severity how, std::string_view reason,
                              std::string explanation, std::string command = {}) {
  gateway::script_finding out{.how = how, .reason = reason, .help = {}};
  out.help.explanation = std::move(explanation);
  out.help.command = std::move(command);
  return out;
}

std::string first_bytes(fs::path const& file) {
  std::string bytes(base::limits::reviewed_bytes, '\0');
  base::unique_fd const opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  auto const count = opened ? ::read(opened.get(), bytes.data(), bytes.size()) : -1;
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

// Whether the owner is the only member of the group; many systems make such a group for each user.
// The command is single-threaded, so the static results of getpwuid(3) and getgrgid(3) are safe.
bool is_own_group(uid_t owner, gid_t group) {
  passwd const* const user = ::getpwuid(owner);
  if (user == nullptr || user->pw_gid != group) return false;
  std::string const name = user->pw_name;
  ::group const* const entry = ::getgrgid(group);
  return entry != nullptr && entry->gr_name == name && entry->gr_mem[0] == nullptr;
}

// Adds who may write beside the owner. kind: "script" or "directory".
void review_writers(findings& to, fs::path const& path, std::string_view kind,
                    std::string const& danger) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  bool const directory = kind == "directory";
  if ((status.st_mode & S_IWOTH) != 0) {
    to.push_back(found(gateway::severity::warning,
                       directory ? "directory-writable-by-all" : "script-writable-by-all",
                       "Every user of this machine may " + danger,
                       "chmod o-w " + base::shell_quoted(path.native())));
  }
  if ((status.st_mode & S_IWGRP) != 0 && !is_own_group(status.st_uid, status.st_gid)) {
    ::group const* const entry = ::getgrgid(status.st_gid);
    std::string const name = entry != nullptr ? entry->gr_name : std::to_string(status.st_gid);
    to.push_back(found(gateway::severity::warning,
                       directory ? "directory-writable-by-group" : "script-writable-by-group",
                       "Every member of the group \"" + name + "\" may " + danger,
                       "chmod g-w " + base::shell_quoted(path.native())));
  }
}

bool has_execute_bit(fs::path const& file) {
  struct ::stat status {};
  return ::stat(file.c_str(), &status) == 0 && (status.st_mode & 0111U) != 0;
}

// The finding for a file that lies among the programs and is not meant to be one.
gateway::script_finding not_a_program(fs::path const& file, file_role role, bool runs) {
  std::string const remove = "rm " + base::shell_quoted(file.native());
  if (role == file_role::backup) {
    return found(gateway::severity::warning, "backup-among-programs",
                 runs ? "By its name it is a backup copy, and the server runs it for whoever asks."
                      : "By its name it is a backup copy. It has no execute bit, so that whoever "
                        "asks for it gets an error.",
                 remove);
  }
  if (role == file_role::source && runs) {
    return found(gateway::severity::warning, "source-among-programs",
                 "By its name it is source code, and the server tries to run it.",
                 "chmod -x " + base::shell_quoted(file.native()));
  }
  return found(gateway::severity::note, "not-a-program",
               "It is no program, and the server gives it to nobody: whoever asks for it gets an "
               "error.");
}

// Whether nothing but its place says that a file without an execute bit is meant as a program.
bool is_data(fs::path const& file) {
  auto const bytes = first_bytes(file);
  auto const what = gateway::inspect_head(bytes).what;
  bool const plain =
      what == gateway::script_head::kind::unknown || what == gateway::script_head::kind::empty;
  return plain && !ends_in_one_of(file.filename().native(), script_ends);
}

std::optional<gateway::script_finding> review_role(fs::path const& script,
                                                   gateway::start_rules const& rules) {
  std::error_code ec;
  if (!fs::is_regular_file(script, ec)) return std::nullopt;
  auto const role = role_of(script.filename().native());
  bool const runs = rules.interpreted || has_execute_bit(script);
  if (role != file_role::program) return not_a_program(script, role, runs);
  if (!runs && is_data(script)) return not_a_program(script, role, runs);
  return std::nullopt;
}

// Looks for CR LF after the first line: shells and Perl take the CR for a part of the line.
void review_lines(findings& to, fs::path const& script) {
  auto const bytes = first_bytes(script);
  auto const head = gateway::inspect_head(bytes);
  if (head.what != gateway::script_head::kind::interpreted || head.carriage_return) return;
  if (bytes.find("\r\n") == std::string::npos) return;
  to.push_back(found(gateway::severity::warning, "script-line-ends",
                     "Some of its lines end in CR LF, as Windows writes lines. Most interpreters "
                     "take the CR for a part of the line.",
                     "sed -i 's/\\r$//' " + base::shell_quoted(script.native())));
}

void review_name(findings& to, fs::path const& script) {
  if (!script.filename().native().starts_with("nph-")) return;
  to.push_back(
      found(gateway::severity::note, "script-raw-output",
            "Because its name begins with nph-, what it prints goes to the client as it is: "
            "it has to begin with a status line such as HTTP/1.1 200 OK."));
}

}  // namespace

file_role role_of(std::string_view name) {
  bool const hashes = name.size() > 2 && name.starts_with('#') && name.ends_with('#');
  if (hashes || ends_in_one_of(name, backup_ends) || holds_script_end(name))
    return file_role::backup;
  return ends_in_one_of(name, source_ends) ? file_role::source : file_role::program;
}

bool is_no_program(fs::path const& file, bool interpreted) {
  auto const role = review_role(file, {.path_variable = {}, .interpreted = interpreted});
  return role && role->how == gateway::severity::note;
}

std::vector<gateway::script_finding> review_script(fs::path const& script,
                                                   gateway::start_rules const& rules, bool named) {
  findings out;
  auto no_program = review_role(script, rules);
  bool const judged = named || !no_program;
  if (judged) out = gateway::start_findings(script, rules);
  if (no_program && (!named || no_program->how != gateway::severity::note)) {
    out.push_back(std::move(*no_program));
  }
  review_writers(out, script, "script", "change it, and the server runs what they write.");
  if (judged) {
    review_lines(out, script);
    review_name(out, script);
  }
  return out;
}

bool is_about_role(std::string_view reason) {
  return reason == "backup-among-programs" || reason == "source-among-programs" ||
         reason == "not-a-program";
}

std::vector<gateway::script_finding> review_directory(fs::path const& directory) {
  findings out;
  review_writers(out, directory, "directory", "put programs into it, and the server runs them.");
  return out;
}

}  // namespace gatehouse::cgi
