#include "gatehouse/commands/check.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>

#include "gatehouse/app/programs.hpp"
#include "gatehouse/app/site.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/cgi/script_review.hpp"
#include "gatehouse/cgi/warm_start.hpp"
#include "gatehouse/commands/trial.hpp"
#include "gatehouse/config/directories.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/life/privileges.hpp"
#include "gatehouse/process/hash_bang.hpp"
#include "gatehouse/show/terminal.hpp"

namespace gatehouse::commands {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using gateway::script_finding;
using gateway::severity;

// The file that a word of the command line means: a path, or else a name in a directory of
// programs.
fs::path file_named(std::string const& name,
                    std::vector<app::program_directory> const& directories) {
  std::error_code ec;
  if (fs::exists(fs::symlink_status(name, ec))) return name;
  for (auto const& where : directories) {
    auto file = where.directory / name;
    if (fs::exists(fs::symlink_status(file, ec))) return file;
  }
  return name;
}

// The path below which the server would run this file; empty if it would not.
std::string path_of(fs::path const& file, std::vector<app::program> const& served) {
  std::error_code ec;
  auto const same = std::find_if(served.begin(), served.end(), [&](app::program const& p) {
    return fs::equivalent(p.file, file, ec) && p.file.filename() == file.filename();
  });
  return same != served.end() ? same->path : std::string();
}

// Whether the file is there already, by this name: it may be asked for twice, or have two
// addresses.
bool is_among(std::vector<checked_file> const& files, fs::path const& file) {
  std::error_code ec;
  return std::any_of(files.begin(), files.end(), [&](checked_file const& f) {
    return f.file == file ||
           (f.file.filename() == file.filename() && fs::equivalent(f.file, file, ec));
  });
}

script_finding not_served(std::vector<app::program_directory> const& directories) {
  script_finding out{.how = severity::warning, .reason = "script-not-served", .help = {}};
  out.help.explanation =
      directories.empty()
          ? "The server would not run it: it has no directory of programs."
          : "The server would not run it: it lies in no directory of programs, such as \"" +
                directories.front().directory.native() + "\".";
  return out;
}

// A note on a script that starts cold although an interpreter like its own is to start scripts
// warm.
std::optional<script_finding> cold_finding(config::options const& chosen, fs::path const& file) {
  auto const line = process::read_hash_bang(file.native());
  auto const words = line ? process::words_of(*line) : std::nullopt;
  if (!words || app::has_interpreter(chosen.site, file)) return std::nullopt;
  for (auto const& name : chosen.site.warm) {
    auto const why = process::why_no_template(file.native(), {cgi::template_kind_named(name)});
    if (!words->name.starts_with(name) || why.empty()) continue;
    script_finding out{.how = severity::note, .reason = "warm-cold", .help = {}};
    out.help.explanation = "It starts cold: " + why + ".";
    return out;
  }
  return std::nullopt;
}

class reviewer {
 public:
  explicit reviewer(config::options const& chosen)
      : chosen_(chosen), path_variable_(app::script_path(app::script_environment(chosen.site))) {}

  checked_file operator()(fs::path file, std::string path, bool named) const {
    gateway::start_rules const rules{path_variable_, app::has_interpreter(chosen_.site, file),
                                     chosen_.server.no_new_privs};
    auto findings = cgi::review_script(file, rules, named);
    if (auto cold = cold_finding(chosen_, file)) findings.push_back(std::move(*cold));
    return {std::move(file), std::move(path), std::move(findings)};
  }

 private:
  config::options const& chosen_;
  std::string path_variable_;
};

}  // namespace

std::size_t check_report::count(severity how) const {
  std::size_t sum = 0;
  auto const add = [&](auto const& list) {
    for (auto const& one : list) {
      sum += static_cast<std::size_t>(
          std::count_if(one.findings.begin(), one.findings.end(),
                        [&](script_finding const& f) { return f.how == how; }));
    }
  };
  add(scripts);
  add(directories);
  add(applications);
  return sum;
}

check_report review(config::options const& chosen, std::vector<std::string> const& names) {
  auto const served = app::served_programs(chosen);
  auto const directories = app::program_directories(chosen);
  reviewer const look(chosen);
  check_report out;
  for (auto const& name : names) {
    auto const file = file_named(name, directories);
    if (is_among(out.scripts, file)) continue;
    auto const path = path_of(file, served);
    auto one = look(file, path, true);
    std::error_code ec;
    if (path.empty() && fs::is_regular_file(file, ec))
      one.findings.push_back(not_served(directories));
    out.scripts.push_back(std::move(one));
  }
  if (!names.empty()) return out;
  for (auto const& p : app::offered_programs(chosen)) {
    if (!is_among(out.scripts, p.file)) out.scripts.push_back(look(p.file, p.path, false));
  }
  for (auto const& d : directories) {
    out.directories.push_back({d.directory, d.prefix + "/", cgi::review_directory(d.directory)});
  }
  out.applications = review_applications(chosen);
  return out;
}

namespace {

std::string_view name_of(severity how) {
  return how == severity::error ? "error" : how == severity::warning ? "warning" : "note";
}

show::colour colour_of(severity how) {
  return how == severity::error     ? show::colour::red
         : how == severity::warning ? show::colour::yellow
                                    : show::colour::blue;
}

// Appends the first line of a text; nothing if the text is empty.
void append_quoted(std::string& out, std::string_view before, std::string_view text) {
  if (text.empty()) return;
  auto const line = text.substr(0, text.find('\n'));
  out.append(11, ' ').append(before).append(base::terminal_escaped(line)).append("\n");
}

void append_checked(std::string& out, std::string const& name, std::string const& path,
                    std::vector<script_finding> const& findings, bool coloured) {
  if (findings.empty()) return;
  out += show::in_colour(show::colour::bold, base::log_escaped(name), coloured);
  // A program below the served directory has its address at the end of its name.
  if (!path.empty() && !name.ends_with(path)) {
    out += "  " + show::in_colour(show::colour::faint, http::percent_encoded_path(path), coloured);
  }
  out += '\n';
  for (auto const& f : findings) {
    std::string const kind(name_of(f.how));
    out += "  " + show::in_colour(colour_of(f.how), kind, coloured) +
           std::string(9 - kind.size(), ' ');
    out += base::terminal_escaped(f.help.explanation) + "  ";
    out += show::in_colour(show::colour::faint, "[" + std::string(f.reason) + "]", coloured) + '\n';
    append_quoted(out, "$ ", f.help.command);
    append_quoted(out, "printed: ", f.help.output_excerpt);
    for (auto const& line : f.help.traceback) append_quoted(out, "", line);
    for (auto const& line : f.help.stderr_lines) append_quoted(out, "stderr: ", line);
  }
}

std::string counted(std::size_t number, std::string_view what) {
  return std::to_string(number) + ' ' + std::string(what) + (number == 1 ? "" : "s");
}

std::string verdict(check_report const& report, bool coloured) {
  auto const errors = report.count(severity::error);
  auto const warnings = report.count(severity::warning);
  std::string out = counted(report.scripts.size(), "program");
  auto const applications = std::count_if(report.applications.begin(), report.applications.end(),
                                          [](auto const& one) { return !one.path.empty(); });
  if (applications > 0)
    out += ", " + counted(static_cast<std::size_t>(applications), "application");
  out += ": ";
  if (errors > 0) out += show::in_colour(show::colour::red, counted(errors, "error"), coloured);
  if (errors > 0 && warnings > 0) out += ", ";
  if (warnings > 0)
    out += show::in_colour(show::colour::yellow, counted(warnings, "warning"), coloured);
  if (errors + warnings == 0)
    out += show::in_colour(show::colour::green, "nothing wrong", coloured);
  return out + '\n';
}

json::array json_of(std::vector<std::string> const& lines) {
  json::array out;
  for (auto const& line : lines) out.emplace_back(base::valid_utf8(line));
  return out;
}

json::value json_of_path(std::string const& path) {
  return path.empty() ? json::value(nullptr) : json::value(http::percent_encoded_path(path));
}

json::array json_of(std::vector<script_finding> const& findings) {
  json::array out;
  for (auto const& f : findings) {
    out.push_back(json::object{{"kind", name_of(f.how)},
                               {"reason", f.reason},
                               {"explanation", base::valid_utf8(f.help.explanation)},
                               {"command", base::valid_utf8(f.help.command)},
                               {"printed", base::valid_utf8(f.help.output_excerpt)},
                               {"stderr", json_of(f.help.stderr_lines)},
                               {"traceback", json_of(f.help.traceback)}});
  }
  return out;
}

}  // namespace

std::string plain_text(check_report const& report, bool coloured) {
  if (report.scripts.empty() && report.directories.empty() && report.applications.empty()) {
    return "There is no directory of programs here. `gatehouse new hello.sh` makes one.\n";
  }
  std::string out;
  for (auto const& d : report.directories)
    append_checked(out, d.file.native(), d.path, d.findings, coloured);
  for (auto const& a : report.applications)
    append_checked(out, a.name, a.path, a.findings, coloured);
  for (auto const& s : report.scripts)
    append_checked(out, s.file.native(), s.path, s.findings, coloured);
  return out + verdict(report, coloured);
}

std::string json_text(check_report const& report) {
  json::array scripts, directories, applications;
  for (auto const& s : report.scripts) {
    scripts.push_back(json::object{{"file", base::valid_utf8(s.file.native())},
                                   {"url", json_of_path(s.path)},
                                   {"findings", json_of(s.findings)}});
  }
  for (auto const& d : report.directories) {
    directories.push_back(json::object{{"directory", base::valid_utf8(d.file.native())},
                                       {"findings", json_of(d.findings)}});
  }
  for (auto const& a : report.applications) {
    applications.push_back(json::object{{"name", base::valid_utf8(a.name)},
                                        {"url", json_of_path(a.path)},
                                        {"findings", json_of(a.findings)}});
  }
  return json::serialize(json::object{{"scripts", std::move(scripts)},
                                      {"directories", std::move(directories)},
                                      {"applications", std::move(applications)},
                                      {"errors", report.count(severity::error)},
                                      {"warnings", report.count(severity::warning)}}) +
         '\n';
}

namespace {

int used_wrongly(std::string const& line) {
  std::cerr << line << std::endl;
  return command_used_wrongly;
}

// Which files can be reached depends on the user, so the check becomes the user that the server
// would become.
std::optional<config::usage_error> become_the_servers_user(config::server_options const& chosen) {
  auto const who = life::resolve_identity(chosen.user, chosen.group);
  if (auto const* const wrong = std::get_if<config::usage_error>(&who)) return *wrong;
  if (auto const error = life::drop_privileges(std::get<life::identity>(who))) {
    return life::cannot_become(chosen.user, chosen.group, error);
  }
  return std::nullopt;
}

// Whether a request would start the script, and the script is meant to be started.
bool can_be_tried(checked_file const& script) {
  return !script.path.empty() &&
         std::all_of(script.findings.begin(), script.findings.end(), [](script_finding const& f) {
           return f.how != severity::error && !cgi::is_about_role(f.reason);
         });
}

bool has_error(std::vector<script_finding> const& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](script_finding const& f) { return f.how == severity::error; });
}

// The same without the applications that cannot answer, at which a server would not start.
config::options without_faulty(config::options chosen, check_report const& report) {
  std::erase_if(chosen.site.mappings, [&](config::mapping const& m) {
    auto const prefix = m.prefix.empty() ? "/" : m.prefix;
    return std::any_of(
        report.applications.begin(), report.applications.end(),
        [&](auto const& one) { return one.path == prefix && has_error(one.findings); });
  });
  return chosen;
}

void try_all(check_report& report, config::options const& all) {
  auto const chosen = without_faulty(all, report);
  trial attempt(chosen);
  for (auto& one : report.applications) {
    if (one.path.empty() || has_error(one.findings)) continue;
    for (auto& f : trial_findings(attempt.get(one.path))) one.findings.push_back(std::move(f));
  }
  for (auto& script : report.scripts) {
    if (!can_be_tried(script)) continue;
    for (auto& f : trial_findings(attempt.get(script.path))) {
      script.findings.push_back(std::move(f));
    }
  }
}

}  // namespace

int check_command(command_call const& call) {
  // The findings have what the server would log about a failed program.
  base::log::set_level(call.has("log-level") ? call.chosen.server.log_level
                                             : base::log::level::off);
  auto const resolved = config::resolve_directories(call.chosen);
  if (auto const* const wrong = std::get_if<config::usage_error>(&resolved))
    return used_wrongly(wrong->line);
  auto const& chosen = std::get<config::options>(resolved);
  if (auto const wrong = become_the_servers_user(chosen.server)) return used_wrongly(wrong->line);
  auto report = review(chosen, call.words);
  if (call.has("run")) try_all(report, chosen);
  bool const json = call.has("json");
  std::cout << (json ? json_text(report) : plain_text(report, show::shows_colours(STDOUT_FILENO)))
            << std::flush;
  return report.count(severity::error) > 0 ? command_found_faults : command_done;
}

}  // namespace gatehouse::commands
