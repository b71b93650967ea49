#include "gatehouse/commands/application_review.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <optional>
#include <utility>

#include "gatehouse/app/containment.hpp"
#include "gatehouse/app/kept_programs.hpp"
#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/app/programs.hpp"
#include "gatehouse/app/site.hpp"
#include "gatehouse/app/sites.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/cgi/warm_start.hpp"
#include "gatehouse/process/hash_bang.hpp"
#include "gatehouse/remote/failures.hpp"
#include "gatehouse/upstream/address.hpp"

namespace gatehouse::commands {
namespace {

using gateway::script_finding;
using gateway::severity;

script_finding application_finding(severity how, std::string_view reason, std::string explanation,
                                   std::string command = {}) {
  script_finding out{.how = how, .reason = reason, .help = {}};
  out.help.explanation = std::move(explanation);
  out.help.command = std::move(command);
  return out;
}

std::vector<std::string> lines_in(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// "flask" of "ModuleNotFoundError: No module named 'flask'"; empty: it is another error.
std::string_view missing_module(std::string_view line) {
  constexpr std::string_view before = "ModuleNotFoundError: No module named '";
  if (!line.starts_with(before)) return {};
  line.remove_prefix(before.size());
  return line.substr(0, line.find('\''));
}

// The error with which a connection fails now; nothing if it is taken.
base::error_code connection_error(upstream::endpoint const& at) {
  base::unique_fd const socket(
      ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return base::last_error();
  if (::connect(socket.get(), at.get(), at.size) == 0) return {};
  if (errno != EINPROGRESS) return base::last_error();
  pollfd one{socket.get(), POLLOUT, 0};
  auto const limit = std::chrono::milliseconds(base::limits::connect_wait).count();
  if (::poll(&one, 1, static_cast<int>(limit)) == 0)
    return make_error_code(boost::system::errc::timed_out);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return {error, boost::system::system_category()};
}

script_finding of_error(http::http_error const& error) {
  return {.how = severity::error, .reason = error.reason, .help = error.help};
}

std::optional<script_finding> endpoint_finding(std::string_view who, upstream::endpoint const& at) {
  auto const error = connection_error(at);
  if (!error) return std::nullopt;
  auto const name = std::string(who) + " " + at.text;
  if (error == boost::system::errc::resource_unavailable_try_again) {
    auto out = of_error(remote::backlog_full(name));
    out.how = severity::warning;
    return out;
  }
  auto out = of_error(remote::not_connected(name, error));
  bool const may_not = error == boost::system::errc::permission_denied;
  if (may_not && at.text.starts_with("unix:")) out.help.command = "ls -l " + at.text.substr(5);
  return out;
}

// who: "FastCGI application at".
std::vector<script_finding> address_findings(std::string_view who, std::string const& target) {
  std::vector<script_finding> out;
  auto const all = upstream::parse_addresses(target);
  if (all.has_error()) return out;  // a program that is kept
  for (auto const& one : *all) {
    auto const endpoints = upstream::resolve(one);
    if (endpoints.has_error()) {
      out.push_back(application_finding(
          severity::error, "application-unknown-host",
          "The system knows no address of " + one.host + ": " + endpoints.error().text + "."));
      continue;
    }
    std::optional<script_finding> wrong;
    for (auto const& each : *endpoints) {
      wrong = endpoint_finding(who, each);
      if (!wrong) break;
    }
    if (wrong) out.push_back(std::move(*wrong));
  }
  return out;
}

std::optional<std::string> setting(config::mapping const& of, std::string_view key) {
  for (auto const& s : of.settings) {
    if (s.key == key) return s.value;
  }
  return std::nullopt;
}

// The same site with nothing but this mapping, and one worker.
config::options only(config::mapping what, config::options chosen) {
  std::erase_if(what.settings, [](auto const& s) { return s.key == "workers"; });
  chosen.server.workers = 1;
  chosen.site.mappings = {std::move(what)};
  chosen.site.interpreters.clear();
  chosen.site.warm.clear();
  return chosen;
}

// Starts a worker, and gives what is wrong if that cannot be done.
std::vector<script_finding> start_findings(config::mapping const& what,
                                           config::options const& all) try {
  auto const chosen = only(what, all);
  life::shared_resources shared(chosen);
  app::sites site(chosen, shared);
  shared.get_ready(1, app::make_filter(chosen.server));
  site.get_ready(chosen);
  auto const wrong = app::start_programs_now(site);
  if (!wrong) return {};
  if (what.kind != "wsgi") return {start_finding(*wrong)};
  return {import_finding(setting(what, "python").value_or("python3"), *wrong)};
} catch (std::exception const& e) {
  return {
      application_finding(severity::error, "application-not-started", std::string(e.what()) + ".")};
}

checked_application review_mapping(config::mapping const& what, app::map_kind const& kind,
                                   config::options const& chosen) {
  checked_application out{
      what.kind + ":" + what.target.native(), what.prefix.empty() ? "/" : what.prefix, {}};
  bool const elsewhere =
      kind.make_application != nullptr && what.form != config::map_target::program;
  out.findings = elsewhere ? address_findings(kind.serves, what.target.native())
                           : start_findings(what, chosen);
  return out;
}

checked_application review_interpreter(config::interpreter const& what,
                                       config::options const& chosen) {
  config::mapping const named{"/", what.kind, what.program, what.form, what.settings};
  auto const& kind = app::kind_of(named, app::registered_kinds());
  auto const target = what.program.native();
  return {"--interpreter " + what.extension + "=" + what.kind + ":" + target,
          {},
          named.form == config::map_target::program ? start_findings(named, chosen)
                                                    : address_findings(kind.serves, target)};
}

bool is_in_path(std::string const& name, std::string_view path_variable) {
  while (!path_variable.empty()) {
    auto const colon = std::min(path_variable.find(':'), path_variable.size());
    auto const file = std::filesystem::path(path_variable.substr(0, colon)) / name;
    if (::access(file.c_str(), X_OK) == 0) return true;
    path_variable.remove_prefix(std::min(colon + 1, path_variable.size()));
  }
  return false;
}

checked_application review_warm(std::string const& name, config::options const& chosen) {
  checked_application out{"--warm " + name, {}, {}};
  auto const path = app::script_path(app::script_environment(chosen.site));
  if (!is_in_path(name, path)) {
    out.findings.push_back(
        application_finding(severity::warning, "warm-missing",
                            "There is no " + name + " in PATH, which is " + path + "."));
  }
  if (chosen.server.sandbox) {
    out.findings.push_back(
        application_finding(severity::warning, "warm-sandboxed",
                            "With --sandbox every script starts cold: no process may make "
                            "another one for the server there."));
  }
  std::vector const kinds = {cgi::template_kind_named(name)};
  auto const programs = app::offered_programs(chosen);
  bool const used = std::any_of(programs.begin(), programs.end(), [&](app::program const& p) {
    return !app::has_interpreter(chosen.site, p.file) &&
           process::why_no_template(p.file.native(), kinds).empty();
  });
  if (!used) {
    out.findings.push_back(
        application_finding(severity::note, "warm-unused",
                            "No program that the server would run starts warm by it: none has "
                            "a #! line that names " +
                                name + "."));
  }
  return out;
}

}  // namespace

script_finding start_finding(std::string_view wrong) {
  auto const lines = lines_in(wrong);
  std::string text;
  for (auto const& line : lines) text += (text.empty() ? "" : " ") + line;
  auto out = application_finding(severity::error, "application-not-started", text + ".");
  if (lines.size() > 2) {
    out.help.explanation = lines[0] + " " + lines[1] + ".";
    out.help.stderr_lines.assign(lines.begin() + 2, lines.end());
  }
  return out;
}

script_finding import_finding(std::string_view python, std::string_view wrong) {
  auto const heading = std::min(wrong.find('\n') + 1, wrong.size());
  auto lines = lines_in(wrong.substr(heading));
  std::string const last = lines.empty() ? std::string(wrong) : lines.back();
  bool const has_traceback = lines.size() > 1;
  auto out = application_finding(severity::error, "wsgi-not-imported",
                                 "It cannot be imported: " + last + ".");
  auto const missing = missing_module(last);
  if (last.starts_with("there is no module ")) {
    // So worker.py says of the application's own.
    out.reason = "wsgi-no-module";
    out.help.explanation = "T" + last.substr(1) + ".";
  } else if (!missing.empty()) {
    out.reason = "wsgi-module-missing";
    out.help.explanation = "It cannot be imported: " + std::string(python) + " has no module " +
                           std::string(missing) +
                           ". python= names the interpreter of a virtual environment that has it.";
    out.help.command = std::string(python) + " -m pip install " + std::string(missing);
  } else if (!has_traceback) {
    out.help.explanation = "It cannot be started: " + last + ".";
  }
  if (has_traceback) out.help.traceback = std::move(lines);
  return out;
}

std::vector<checked_application> review_applications(config::options const& chosen) {
  std::vector<checked_application> out;
  auto const kinds = app::registered_kinds();
  for (auto const& m : app::mappings_of(chosen.site)) {
    auto const& kind = app::kind_of(m, kinds);
    bool const in_memory = kind.keep != nullptr || kind.make_application != nullptr;
    if (in_memory) out.push_back(review_mapping(m, kind, chosen));
  }
  for (auto const& i : chosen.site.interpreters) {
    if (!i.kind.empty()) out.push_back(review_interpreter(i, chosen));
  }
  for (auto const& name : chosen.site.warm) out.push_back(review_warm(name, chosen));
  return out;
}

}  // namespace gatehouse::commands
