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

std::vector<trace::fact> facts_of(config::mapping const& what,
                                  config::server_options const& server) {
  auto const threads = count_of(what, "threads", 1);
  auto workers = std::to_string(count_of(what, "workers", server.workers));
  if (threads > 1) workers += ", each with " + std::to_string(threads) + " threads";
  auto directory = directory_of(what);
  if (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  return {{"workers", workers},
          {"directory", directory},
          {"python", setting_of(what, "python").value_or("python3")}};
}

}  // namespace

complaint check_threads(std::string_view value) {
  return check_count(value, 1, most_threads);
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
  rules.facts = facts_of(what, parts.server);
  return std::make_unique<wsgi::application_gateway>(std::move(rules));
}

std::shared_ptr<process::pool> keep_workers(config::mapping const& what, kept_parts const& parts,
                                            http::handler& handler) {
  auto rules = pool_rules_of(what, "wsgi:" + what.target.string(), parts.server);
  auto starter = wsgi::make_worker_starter(parts.keeper.get_executor(), *parts.scripts.launcher,
                                           plan_of(what, parts));
  auto out = std::make_shared<process::pool>(parts.keeper, std::move(rules), std::move(starter));
  static_cast<wsgi::application_gateway&>(handler).serve_with(out);
  return out;
}

}  // namespace gatehouse::app
