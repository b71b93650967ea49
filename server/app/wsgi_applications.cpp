#include "gatehouse/app/wsgi_applications.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "gatehouse/config/option_setters.hpp"
#include "gatehouse/wsgi/gateway.hpp"
#include "gatehouse/wsgi/worker_starter.hpp"

namespace gatehouse::app {
namespace {

namespace fs = std::filesystem;
using config::complaint;

constexpr std::uint64_t most_threads = 64;

// The value of a key; nothing where it is not given.
std::optional<std::string> setting_of(config::mapping const& what, std::string_view key) {
  for (auto const& s : what.settings) {
    if (s.key == key) return s.value;
  }
  return std::nullopt;
}

// The value of a key that counts, which was checked when it was read.
std::uint64_t count_of(config::mapping const& what, std::string_view key, std::uint64_t otherwise) {
  auto const text = setting_of(what, key);
  std::uint64_t out = otherwise;
  if (text) config::read_count(out, *text, 0, UINT32_MAX);
  return out;
}

complaint check_count(std::string_view value, std::uint64_t least, std::uint64_t most) {
  std::uint64_t ignored = 0;
  return config::read_count(ignored, value, least, most);
}

// Where the application's modules are looked for first: dir=, else the server's own directory.
std::string directory_of(config::mapping const& what) {
  return (fs::current_path() / setting_of(what, "dir").value_or(".")).lexically_normal().string();
}

[[noreturn]] void refuse(config::mapping const& what, std::string const& why) {
  throw std::runtime_error("--map wsgi:" + what.target.string() + ": " + why);
}

// A path, or a name that is looked up as scripts would.
std::string python_of(config::mapping const& what, std::string const& path_variable) {
  auto const name = setting_of(what, "python").value_or("python3");
  if (name.find('/') != std::string::npos) {
    auto path = (fs::current_path() / name).lexically_normal().string();
    if (::access(path.c_str(), X_OK) != 0)
      refuse(what, "python=" + name + " cannot be run: " + base::last_error().message());
    return path;
  }
  std::string_view rest = path_variable;
  while (!rest.empty()) {
    auto const colon = std::min(rest.find(':'), rest.size());
    auto const candidate = fs::path(rest.substr(0, colon)) / name;
    std::error_code none;
    if (fs::is_regular_file(candidate, none) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate.string();
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  refuse(what, "there is no " + name + " in PATH, which is " + path_variable);
}

std::vector<std::string> environment_of(cgi::gateway_rules const& scripts) {
  std::vector<std::string> out;
  for (auto const& v : scripts.variables.environment) out.push_back(v.name + "=" + v.value);
  return out;
}

wsgi::worker_plan plan_of(config::mapping const& what, kept_parts const& parts) {
  wsgi::worker_plan out;
  out.application = what.target.string();
  out.directory = directory_of(what);
  if (::access(out.directory.c_str(), R_OK | X_OK) != 0)
    refuse(what, "dir=" + out.directory + " cannot be read: " + base::last_error().message());
  out.python = python_of(what, parts.scripts.path_variable);
  out.environment = environment_of(parts.scripts);
  out.threads = count_of(what, "threads", 1);
  out.several = count_of(what, "workers", parts.server.workers) > 1;
  // In the sandbox nothing leaves its process group, so that each worker has to be started for
  // itself to have one of its own.
  out.preload = setting_of(what, "preload").value_or("on") == "on" && !parts.server.sandbox;
  out.watched = parts.server.reload;
  out.descriptor_limit = parts.scripts.descriptor_limit;
  out.held_by = parts.scripts.held_by;
  out.grace = parts.server.grace;
  return out;
}

}  // namespace

complaint check_workers(std::string_view value) {
  return check_count(value, 1, 1024);
}
complaint check_threads(std::string_view value) {
  return check_count(value, 1, most_threads);
}
complaint check_requests(std::string_view value) {
  return check_count(value, 0, UINT32_MAX);
}
complaint check_idle(std::string_view value) {
  std::chrono::milliseconds ignored{};
  return config::read_time(ignored, value);
}
complaint check_not_empty(std::string_view value) {
  return value.empty() ? complaint("the path is empty") : std::nullopt;
}
complaint check_switch(std::string_view value) {
  bool ignored = false;
  return config::read_switch(ignored, value);
}

std::unique_ptr<http::handler> make_application(config::mapping const& what,
                                                site_parts const& parts) {
  auto const& scripts = parts.scripts;
  wsgi::gateway_rules rules;
  rules.prefix = what.prefix;
  rules.run = {.application = what.target.string(),
               .directory = directory_of(what),
               .limits = {scripts.limits.silence, scripts.limits.deadline},
               .queue_timeout = scripts.queue_timeout};
  rules.variables = scripts.variables;
  rules.spool_space = scripts.spool_space;
  return std::make_unique<wsgi::application_gateway>(std::move(rules));
}

std::shared_ptr<process::pool> keep_workers(config::mapping const& what, kept_parts const& parts,
                                            http::handler& handler) {
  process::pool_rules rules;
  rules.name = "wsgi:" + what.target.string();
  rules.programs = count_of(what, "workers", parts.server.workers);
  rules.requests = count_of(what, "requests", 0);
  rules.queue = parts.server.queue;
  std::chrono::milliseconds idle{};
  if (auto const text = setting_of(what, "idle")) config::read_time(idle, *text);
  rules.idle = idle;
  auto starter = wsgi::make_worker_starter(parts.keeper.get_executor(), *parts.scripts.launcher,
                                           plan_of(what, parts));
  auto out = std::make_shared<process::pool>(parts.keeper, std::move(rules), std::move(starter));
  static_cast<wsgi::application_gateway&>(handler).serve_with(out);
  return out;
}

}  // namespace gatehouse::app
