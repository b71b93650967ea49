#include "gatehouse/app/site.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "gatehouse/app/health.hpp"
#include "gatehouse/cgi/gateway.hpp"
#include "gatehouse/files/static_handler.hpp"

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
  for (auto const& i : chosen.interpreters)
    rules.interpreters.push_back({i.extension, i.program.string(), i.arguments});
  rules.index = chosen.index;
  rules.limits = {server.script_timeout, server.script_deadline, server.grace};
  rules.queue_timeout = server.queue_timeout;
  return rules;
}

// Directories whose files are never given out as files. A cgi-bin in the root is one also when its
// programs are not served (--cgi-bin off or elsewhere), unless it was mapped as files by name.
std::vector<std::filesystem::path> script_directories(config::site_options const& chosen) {
  std::vector<std::filesystem::path> out;
  std::error_code missing;
  auto const usual = std::filesystem::canonical(chosen.root / "cgi-bin", missing);
  bool const mapped =
      std::any_of(chosen.mappings.begin(), chosen.mappings.end(), [&](config::mapping const& m) {
        return m.what == config::mapping::kind::static_files && m.target == usual;
      });
  if (!missing && !mapped) out.push_back(usual);
  if (!chosen.cgi_bin.empty()) out.push_back(chosen.cgi_bin);
  for (auto const& m : chosen.mappings) {
    if (m.what == config::mapping::kind::cgi) out.push_back(m.target);
  }
  return out;
}

// Files, with the programs among them where --cgi-ext names some.
std::unique_ptr<http::handler> make_files(config::server_options const& server,
                                          config::site_options const& chosen,
                                          cgi::gateway_rules const& rules,
                                          std::string const& prefix,
                                          std::filesystem::path const& root) {
  auto files = std::make_unique<files::static_handler>(
      files::static_options{.root = root,
                            .prefix = prefix,
                            .index = chosen.index,
                            .listing = chosen.listing,
                            .follow_symlinks = server.follow_symlinks,
                            .hidden = script_directories(chosen),
                            .script_extensions = chosen.cgi_extensions});
  if (chosen.cgi_extensions.empty()) return files;
  cgi::script_rules among{root, prefix, chosen.cgi_extensions, chosen.index,
                          server.follow_symlinks};
  return std::make_unique<cgi::extension_gateway>(rules, std::move(among), std::move(files));
}

void mount_all(router& routes, std::string const& host, config::server_options const& server,
               config::site_options const& chosen, cgi::gateway_rules const& rules) {
  routes.mount({"", host}, make_files(server, chosen, rules, "", chosen.root),
               {"files of", chosen.root.string()});
  if (!chosen.cgi_bin.empty()) {
    routes.mount({"/cgi-bin", host},
                 std::make_unique<cgi::prefix_gateway>(rules, "/cgi-bin", chosen.cgi_bin),
                 {"programs of", chosen.cgi_bin.string()});
  }
  for (auto const& m : chosen.mappings) {
    if (m.what == config::mapping::kind::cgi) {
      bool const several = std::filesystem::is_directory(m.target);
      routes.mount({m.prefix, host},
                   std::make_unique<cgi::prefix_gateway>(rules, m.prefix, m.target),
                   {several ? "programs of" : "the program", m.target.string()});
    } else {
      routes.mount({m.prefix, host}, make_files(server, chosen, rules, m.prefix, m.target),
                   {"files of", m.target.string()});
    }
  }
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
           life::shared_resources& shared, router& routes, std::string const& host)
    : shared_(shared), rules_(make_gateway_rules(server, chosen)) {
  rules_.slots = &shared.slots();
  rules_.spool_space = shared.spool_space();
  rules_.descriptor_limit = shared.descriptor_limit();
  routes.mount({std::string(health_path), host}, std::make_unique<health>(),
               {"the server's health", ""});
  mount_all(routes, host, server, chosen, rules_);
}

void site::get_ready(std::shared_ptr<process::containment const> held_by) {
  rules_.held_by = std::move(held_by);
  rules_.launcher = shared_.launcher();
}

}  // namespace gatehouse::app
