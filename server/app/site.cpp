#include "gatehouse/app/site.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "gatehouse/app/health.hpp"
#include "gatehouse/cgi/warm_start.hpp"

namespace gatehouse::app {
namespace {

constexpr char default_path[] = "/usr/local/bin:/usr/bin:/bin";

std::string server_path() {
  char const* const path = std::getenv("PATH");
  return path != nullptr && *path != '\0' ? path : default_path;
}

cgi::gateway_rules make_gateway_rules(config::server_options const& server,
                                      config::site_options const& chosen) {
  cgi::gateway_rules rules;
  rules.variables.document_root = chosen.root;
  rules.variables.pass_auth = chosen.pass_auth;
  rules.variables.environment = script_environment(chosen);
  rules.path_variable = script_path(rules.variables.environment);
  rules.index = chosen.index;
  rules.limits = {server.script_timeout, server.script_deadline, server.grace};
  rules.queue_timeout = server.queue_timeout;
  return rules;
}

// PATH is for programs that are started. Applications get it only where --env names it.
remote::rules make_remote_rules(config::server_options const& server,
                                config::site_options const& chosen) {
  remote::rules rules;
  rules.variables.document_root = chosen.root;
  rules.variables.pass_auth = chosen.pass_auth;
  rules.variables.environment = script_environment(chosen);
  std::erase_if(rules.variables.environment,
                [](gateway::meta_variable const& v) { return v.from != "--env"; });
  rules.silence = server.script_timeout;
  rules.queue_timeout = server.queue_timeout;
  rules.deadline = server.script_deadline;
  return rules;
}

// An interpreter that is an application, as its kind takes it. Scripts are where the site is, so a
// program works there if no other directory is named.
config::mapping mapping_of(config::interpreter const& what, config::site_options const& chosen) {
  config::mapping out{{}, what.kind, what.program, what.form, what.settings};
  bool const named = std::any_of(out.settings.begin(), out.settings.end(),
                                 [](config::map_setting const& s) { return s.key == "dir"; });
  if (!named) out.settings.push_back({"dir", chosen.root.string()});
  return out;
}

std::vector<cgi::interpreter> make_interpreters(config::site_options const& chosen,
                                                remote::rules const& rules, map_kinds kinds) {
  std::vector<cgi::interpreter> out;
  for (auto const& i : chosen.interpreters) {
    cgi::interpreter one{i.extension, i.program.string(), i.arguments};
    if (!i.kind.empty()) {
      auto const what = mapping_of(i, chosen);
      one.application = kind_of(what, kinds).make_application(what, rules);
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<process::template_kind> make_template_kinds(config::site_options const& chosen) {
  std::vector<process::template_kind> out;
  for (auto const& name : chosen.warm) {
    auto& kind = out.emplace_back(cgi::template_kind_named(name));
    for (auto const& one : chosen.warm_loads) {
      for (auto const& module : one.interpreter == name ? one.modules : std::vector<std::string>())
        kind.load += (kind.load.empty() ? "" : " ") + module;
    }
  }
  return out;
}

std::optional<process::template_rules> make_warm_rules(config::site_options const& chosen,
                                                       cgi::gateway_rules const& rules) {
  if (rules.template_kinds.empty() || chosen.warm_templates == 0) return std::nullopt;
  process::template_rules out;
  out.kinds = rules.template_kinds;
  out.most = chosen.warm_templates;
  for (auto const& variable : rules.variables.environment)
    out.environment.push_back(variable.name + "=" + variable.value);
  return out;
}

// Directories whose files are never given out as files. A cgi-bin in the root is one also when its
// programs are not served (--cgi-bin off or elsewhere), unless it was mapped as files by name.
std::vector<std::filesystem::path> program_paths(config::site_options const& chosen,
                                                 map_kinds kinds) {
  std::vector<std::filesystem::path> out;
  auto const usual = chosen.root / "cgi-bin";
  std::error_code missing;
  bool const exists = std::filesystem::exists(usual, missing);
  bool as_files = false;
  for (auto const& m : chosen.mappings) {
    bool const runs = kind_of(m, kinds).runs_target;
    if (runs && m.form != config::map_target::as_written) out.push_back(m.target);
    as_files = as_files || (!runs && std::filesystem::equivalent(m.target, usual, missing));
  }
  if (exists && !as_files) out.push_back(usual);
  if (!chosen.cgi_bin.empty()) out.push_back(chosen.cgi_bin);
  return out;
}

}  // namespace

std::vector<gateway::meta_variable> script_environment(config::site_options const& chosen) {
  std::vector<gateway::meta_variable> out;
  bool path_given = false;
  for (auto const& entry : chosen.environment) {
    char const* const own = entry.value ? entry.value->c_str() : std::getenv(entry.name.c_str());
    if (own == nullptr) continue;
    path_given = path_given || entry.name == "PATH";
    out.push_back({entry.name, own, "--env", "configuration", {}});
  }
  if (!path_given)
    out.push_back({"PATH", server_path(), "server's environment", "configuration", {}});
  return out;
}

std::string script_path(std::vector<gateway::meta_variable> const& environment) {
  std::string out;
  for (auto const& variable : environment) {
    if (variable.name == "PATH") out = variable.value;
  }
  return out;
}

site::site(config::server_options const& server, config::site_options const& chosen,
           life::shared_resources& shared, router& routes, std::string const& host, map_kinds kinds)
    : shared_(shared),
      remote_(make_remote_rules(server, chosen)),
      rules_(make_gateway_rules(server, chosen)) {
  remote_.spool_space = shared.spool_space();
  rules_.interpreters = make_interpreters(chosen, remote_, kinds);
  keep_for_interpreters(chosen, kinds);
  rules_.slots = &shared.slots();
  rules_.spool_space = shared.spool_space();
  rules_.descriptor_limit = shared.descriptor_limit();
  rules_.template_kinds = make_template_kinds(chosen);
  warm_ = make_warm_rules(chosen, rules_);
  if (!warm_ && !rules_.template_kinds.empty())
    rules_.why_no_templates = "one run ends before a template is ready";
  routes.mount({std::string(health_path), host}, std::make_unique<health>(),
               {"the server's health", ""});
  site_parts const parts{server, chosen, rules_, remote_, program_paths(chosen, kinds)};
  for (auto const& m : mappings_of(chosen)) {
    auto const& kind = kind_of(m, kinds);
    auto handler = kind.make(m, parts);
    if (kind.keep != nullptr) {
      auto make = [m, keep = kind.keep, of = handler.get()](kept_parts const& by) {
        return keep(m, by, *of);
      };
      keeping_.push_back({m.prefix, std::move(make)});
    }
    routes.mount({m.prefix, host}, std::move(handler),
                 {std::string(words_of(m, kind)), m.target.string(), kind.runs_target});
  }
}

void site::keep_for_interpreters(config::site_options const& chosen, map_kinds kinds) {
  for (std::size_t i = 0; i < chosen.interpreters.size(); ++i) {
    auto const& application = rules_.interpreters[i].application;
    if (!application) continue;
    auto const what = mapping_of(chosen.interpreters[i], chosen);
    auto const keep = kind_of(what, kinds).keep_application;
    if (keep == nullptr) continue;
    auto make = [what, keep, of = application.get()](kept_parts const& parts) {
      return keep(what, parts, *of);
    };
    keeping_.push_back({chosen.interpreters[i].extension, std::move(make)});
  }
}

void site::get_ready(config::server_options const& server,
                     std::shared_ptr<process::containment const> held_by) {
  rules_.held_by = std::move(held_by);
  rules_.launcher = shared_.launcher();
  remote_.asks = true;
  kept_parts const parts{server, rules_, shared_.keeper()};
  for (auto const& one : keeping_) {
    auto made = one.make(parts);
    if (!made) continue;
    pools_.push_back(std::move(made));
    places_.push_back(one.where);
  }
  if (!warm_) return;
  if (rules_.held_by->sandbox != nullptr) {
    rules_.why_no_templates = "--sandbox lets no process make another one for the server";
    return;
  }
  warm_->descriptor_limit = rules_.descriptor_limit;
  warm_->held_by = rules_.held_by;
  rules_.warm = std::make_shared<process::templates>(std::move(*warm_));
}

std::shared_ptr<process::pool> site::pool_at(std::string_view prefix) const {
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    if (places_[i] == prefix) return pools_[i];
  }
  return nullptr;
}

}  // namespace gatehouse::app
