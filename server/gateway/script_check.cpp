#include "gatehouse/gateway/script_check.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/nearest.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;
using kind = script_head::kind;
using finding = std::optional<script_finding>;
using findings = std::vector<script_finding>;

constexpr std::string_view blanks = " \t";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

#if defined(__x86_64__)
constexpr unsigned own_machine = EM_X86_64, also_runs = EM_386;
#elif defined(__aarch64__)
constexpr unsigned own_machine = EM_AARCH64, also_runs = EM_ARM;
#elif defined(__riscv)
constexpr unsigned own_machine = EM_RISCV, also_runs = EM_RISCV;
#else
constexpr unsigned own_machine = EM_NONE, also_runs = EM_NONE;  // not known, so nothing is foreign
#endif

bool runs_here(std::string_view elf) {
  if (own_machine == EM_NONE || elf.size() < EI_NIDENT + 4) return true;
  bool const little = elf[EI_DATA] == ELFDATA2LSB;
  if (little != (std::endian::native == std::endian::little)) return false;
  std::uint16_t machine = 0;  // e_machine follows e_ident and e_type
  std::memcpy(&machine, elf.data() + EI_NIDENT + 2, sizeof machine);
  return machine == own_machine || machine == also_runs;
}

script_finding found(std::string_view reason, std::string explanation, std::string command = {}) {
  script_finding out{.how = severity::error, .reason = reason, .help = {}};
  out.help.explanation = std::move(explanation);
  out.help.command = std::move(command);
  return out;
}

std::string named(std::string_view text) {
  return '"' + std::string(text) + '"';
}

// A command that replaces the first line. It is empty if the new line has characters that would
// need to be escaped for sed.
std::string first_line_command(std::string const& line, std::string const& path) {
  bool const plain = line.find_first_of("|&\\\n'") == std::string::npos;
  return plain ? "sed -i '1s|.*|" + line + "|' " + base::shell_quoted(path) : std::string();
}

// Whether a file exists, is not a directory, and may be executed by this process.
bool can_run(fs::path const& file) {
  std::error_code ec;
  return ::access(file.c_str(), X_OK) == 0 && !fs::is_directory(file, ec);
}

std::optional<fs::path> find_on_path(std::string_view name, std::string_view path_variable) {
  while (true) {
    auto const directory = path_variable.substr(0, path_variable.find(':'));
    auto candidate = fs::path(directory.empty() ? "." : directory) / name;
    if (can_run(candidate)) return candidate;
    if (directory.size() == path_variable.size()) return std::nullopt;
    path_variable.remove_prefix(directory.size() + 1);
  }
}

// A program on the PATH that has this name, or one of the interpreters in use whose name is near
// it: "python" is often python3 alone, and "pythn3" a slip.
std::optional<fs::path> meant_program(std::string_view name, std::string_view path_variable) {
  if (auto found = find_on_path(name, path_variable)) return found;
  std::vector<std::string_view> there;
  for (std::string_view const interpreter : {"python3", "perl", "bash", "sh", "ruby", "php-cgi",
                                             "node", "lua", "tclsh", "awk", "guile"}) {
    if (find_on_path(interpreter, path_variable)) there.push_back(interpreter);
  }
  auto const meant = base::nearest(name, there);
  return meant ? find_on_path(*meant, path_variable) : std::nullopt;
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  auto const word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

// The program that env(1) is to run. The kernel passes the rest of the line as one word, which -S
// splits again; options and NAME=VALUE come before the program.
std::string_view program_of_env(std::string_view argument) {
  std::string_view word = next_word(argument);
  while (word.starts_with('-') || word.find('=') != std::string_view::npos) {
    if (word.starts_with("-S") && word.size() > 2 && word.find('=') == std::string_view::npos) {
      return word.substr(2);
    }
    word = next_word(argument);
  }
  return word;
}

// How a sentence about a program that is not there ends.
std::string instead(std::optional<fs::path> const& there) {
  return there ? "; there is " + named(there->native()) + "." : ".";
}

// The #! line that asks env for another program. program: a part of head.argument.
std::string with_program(script_head const& head, std::string_view program, fs::path const& other) {
  std::string argument = head.argument;
  auto const at = static_cast<std::size_t>(program.data() - head.argument.data());
  argument.replace(at, program.size(), other.filename().native());
  return "#!" + head.interpreter + " " + argument;
}

finding check_env(std::string const& path, script_head const& head,
                  std::string_view path_variable) {
  std::string_view const argument = head.argument;
  bool const one_word = argument.find_first_of(blanks) == std::string_view::npos;
  if (!one_word && !argument.starts_with('-')) {
    return found("env-one-word",
                 "Its #! line gives env the rest of the line as one word, " + named(argument) +
                     ", and there is no program of that name. With -S, env splits it.",
                 first_line_command("#!" + head.interpreter + " -S " + head.argument, path));
  }
  auto const program = program_of_env(argument);
  if (program.empty())
    return found("env-no-program", "Its #! line runs env without the name of a program.");
  bool const there = program.find('/') != std::string_view::npos
                         ? can_run(program)
                         : find_on_path(program, path_variable).has_value();
  if (there) return std::nullopt;
  auto const meant = meant_program(fs::path(program).filename().native(), path_variable);
  return found("env-program-missing",
               "Its #! line asks env for " + named(program) +
                   ", which is not in any directory of the PATH that programs get (" +
                   std::string(path_variable) + ")" + instead(meant),
               meant ? first_line_command(with_program(head, program, *meant), path)
                     : "command -v " + base::shell_quoted(program));
}

finding check_interpreter(std::string const& path, script_head const& head,
                          std::string_view path_variable) {
  fs::path const interpreter = head.interpreter;
  std::error_code ec;
  if (!fs::exists(interpreter, ec)) {
    std::string const argument = head.argument.empty() ? "" : ' ' + head.argument;
    auto const meant = meant_program(interpreter.filename().native(), path_variable);
    return found("interpreter-missing",
                 "The interpreter " + named(head.interpreter) +
                     " that its #! line names does not exist" + instead(meant),
                 meant ? first_line_command("#!" + meant->native() + argument, path)
                       : "command -v " + base::shell_quoted(interpreter.filename().native()));
  }
  if (!can_run(interpreter)) {
    return found("interpreter-not-executable",
                 "The interpreter " + named(head.interpreter) +
                     " that its #! line names cannot be run by the server's user.",
                 "ls -l " + base::shell_quoted(head.interpreter));
  }
  if (interpreter.filename() == "env") return check_env(path, head, path_variable);
  return std::nullopt;
}

// The #! line that files with this extension usually have; empty if none is known.
std::string_view usual_first_line(fs::path const& script) {
  struct row {
    std::string_view extension, line;
  };
  constexpr row rows[] = {
      {".sh", "#!/bin/sh"},           {".bash", "#!/bin/bash"},
      {".py", "#!/usr/bin/python3"},  {".pl", "#!/usr/bin/perl"},
      {".rb", "#!/usr/bin/env ruby"}, {".php", "#!/usr/bin/php-cgi"},
      {".lua", "#!/usr/bin/env lua"}, {".js", "#!/usr/bin/env node"},
  };
  for (row const& r : rows) {
    if (script.extension() == r.extension) return r.line;
  }
  return {};
}

finding check_kind(fs::path const& script, script_head const& head,
                   std::string_view path_variable) {
  std::string const in_shell = base::shell_quoted(script.native());
  switch (head.what) {
    case kind::empty:
      return found("script-empty", "The file is empty.");
    case kind::byte_order_mark:
      return found("script-byte-order-mark",
                   "It begins with a byte order mark, which hides the #! from the system.",
                   "sed -i '1s/^\\xEF\\xBB\\xBF//' " + in_shell);
    case kind::interpreted:
      return check_interpreter(script.native(), head, path_variable);
    case kind::relative:
      return found(
          "interpreter-relative",
          "Its #! line names " + named(head.interpreter) + ", which is not an absolute path.",
          "command -v " + base::shell_quoted(head.interpreter));
    case kind::no_interpreter:
      return found("interpreter-unnamed", "Its #! line names no interpreter.");
    case kind::elf:
      return std::nullopt;
    case kind::foreign_elf:
      return found("script-foreign-program", "It is a program for another kind of processor.",
                   "file " + in_shell);
    case kind::unknown:
      break;
  }
  auto const line = usual_first_line(script);
  return found(
      "script-no-interpreter-line",
      "It does not begin with a #! line that names its interpreter, and it is no program of this "
      "machine.",
      line.empty() ? std::string() : "sed -i '1i " + std::string(line) + "' " + in_shell);
}

void add(findings& to, finding what) {
  if (what) to.push_back(std::move(*what));
}

void check_head(findings& to, fs::path const& script, std::string_view bytes,
                std::string_view path_variable) {
  auto const head = inspect_head(bytes);
  if (head.carriage_return) {
    to.push_back(
        found("script-carriage-return",
              "Its #! line ends in CR LF, as Windows writes lines, so the system looks for an "
              "interpreter whose name ends in a carriage return.",
              "sed -i 's/\\r$//' " + base::shell_quoted(script.native())));
  }
  add(to, check_kind(script, head, path_variable));
  // The line behind a byte order mark may be wrong, too.
  if (head.what == kind::byte_order_mark) {
    check_head(to, script, bytes.substr(byte_order_mark.size()), path_variable);
  }
}

// Looks for the first directory above the script that this process may not search.
finding check_directories(fs::path const& script) {
  fs::path way;
  for (fs::path const& name : script.parent_path()) {
    way /= name;
    if (::access(way.c_str(), X_OK) == 0 ||
        base::last_error() != boost::system::errc::permission_denied) {
      continue;
    }
    return found("directory-not-searchable",
                 "The server's user may not enter the directory " + named(way.native()) + ".",
                 "chmod a+x " + base::shell_quoted(way.native()));
  }
  return std::nullopt;
}

finding check_execute_bit(fs::path const& script) {
  if (::access(script.c_str(), X_OK) == 0) return std::nullopt;
  struct ::statvfs file_system {};
  if (::statvfs(script.c_str(), &file_system) == 0 && (file_system.f_flag & ST_NOEXEC) != 0) {
    return found("script-noexec-mount",
                 "It is on a file system that is mounted with the option noexec.",
                 "findmnt --target " + base::shell_quoted(script.native()));
  }
  struct ::stat status {};
  bool const some_bit = ::stat(script.c_str(), &status) == 0 && (status.st_mode & 0111U) != 0;
  if (some_bit) {
    return found("script-not-executable", "The server's user has no permission to execute it.",
                 "chmod a+x " + base::shell_quoted(script.native()));
  }
  return found("script-no-execute-bit", "It has no execute bit.",
               "chmod +x " + base::shell_quoted(script.native()));
}

void check_content(findings& to, fs::path const& script, start_rules const& rules) {
  base::unique_fd const file(::open(script.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    to.push_back(found("script-not-readable",
                       "The server's user may not read it, and an interpreter has to.",
                       "chmod a+r " + base::shell_quoted(script.native())));
    return;
  }
  if (rules.interpreted) return;
  std::array<char, base::limits::program_start_bytes> bytes{};
  auto const count = ::read(file.get(), bytes.data(), bytes.size());
  if (count < 0) {
    to.push_back(
        found("script-read-failed", "It cannot be read: " + base::last_error().message() + "."));
    return;
  }
  check_head(to, script, {bytes.data(), static_cast<std::size_t>(count)}, rules.path_variable);
}

// Whether the file exists and can be reached; if not, nothing more can be said about it.
finding check_way(fs::path const& script) {
  if (auto wrong = check_directories(script)) return wrong;
  std::error_code ec;
  auto const status = fs::status(script, ec);
  if (fs::is_regular_file(status)) return std::nullopt;
  if (fs::exists(status)) return found("script-not-regular", "It is not a regular file.");
  if (fs::is_symlink(fs::symlink_status(script, ec))) {
    return found("script-dangling-link", "It is a symbolic link to something that does not exist.",
                 "readlink " + base::shell_quoted(script.native()));
  }
  return found("script-missing", "It does not exist.");
}

}  // namespace

script_head inspect_head(std::string_view bytes) {
  script_head head;
  if (bytes.empty()) {
    head.what = kind::empty;
  } else if (bytes.starts_with(ELFMAG)) {
    head.what = runs_here(bytes) ? kind::elf : kind::foreign_elf;
  } else if (bytes.starts_with(byte_order_mark) &&
             bytes.substr(byte_order_mark.size()).starts_with("#!")) {
    head.what = kind::byte_order_mark;
  }
  if (!bytes.starts_with("#!")) return head;

  auto line = bytes.substr(2, bytes.substr(2).find('\n'));
  head.carriage_return = line.ends_with('\r');
  if (head.carriage_return) line.remove_suffix(1);
  head.interpreter = next_word(line);
  auto const first = std::min(line.find_first_not_of(blanks), line.size());
  auto const last = line.find_last_not_of(blanks);
  if (first < line.size()) head.argument = line.substr(first, last - first + 1);
  if (head.interpreter.empty()) {
    head.what = kind::no_interpreter;
  } else {
    head.what = head.interpreter.starts_with('/') ? kind::interpreted : kind::relative;
  }
  return head;
}

std::vector<script_finding> start_findings(fs::path const& script, start_rules const& rules) {
  findings out;
  add(out, check_way(script));
  if (!out.empty()) return out;
  if (!rules.interpreted) add(out, check_execute_bit(script));
  check_content(out, script, rules);
  if (rules.no_new_privileges && !rules.interpreted) add(out, set_id_finding(script));
  return out;
}

std::optional<http::diagnosis> check_script(fs::path const& script, start_rules const& rules) {
  auto all = start_findings(script, rules);
  return all.empty() ? std::nullopt : std::optional(std::move(all.front().help));
}

std::optional<script_finding> set_id_finding(fs::path const& script) {
  struct ::stat status {};
  if (::stat(script.c_str(), &status) != 0) return std::nullopt;
  bool const user = (status.st_mode & S_ISUID) != 0;
  bool const group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
  bool const capable = ::getxattr(script.c_str(), "security.capability", nullptr, 0) > 0;
  if (!user && !group && !capable) return std::nullopt;
  std::string const kind = user    ? "It is a set-user-ID program"
                           : group ? "It is a set-group-ID program"
                                   : "Its file has capabilities";
  auto out = found("script-set-id",
                   kind +
                       ", and gains nothing by that here: it runs as the server's user, with no "
                       "more rights (--no-new-privs on).");
  out.how = severity::note;
  return out;
}

std::optional<http::diagnosis> check_set_id(fs::path const& script) {
  auto one = set_id_finding(script);
  return one ? std::optional(std::move(one->help)) : std::nullopt;
}

}  // namespace gatehouse::gateway
