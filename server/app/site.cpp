#include "gatehouse/app/site.hpp"

#include <algorithm>
#include <cstdlib>

#include "gatehouse/app/error_page.hpp"
#include "gatehouse/app/health.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/files/static_handler.hpp"

namespace gatehouse::app {
namespace {

constexpr char default_path[] = "/usr/local/bin:/usr/bin:/bin";

std::string server_path() {
  char const* const path = std::getenv("PATH");
  return path != nullptr && *path != '\0' ? path : default_path;
}

cgi::gateway_rules make_gateway_rules(config::options const& chosen) {
  cgi::gateway_rules rules;
  rules.variables.document_root = chosen.site.root;
  rules.variables.pass_auth = chosen.site.pass_auth;
  rules.variables.environment = script_environment(chosen.site);
  rules.path_variable = script_path(rules.variables.environment);
  for (auto const& i : chosen.site.interpreters)
    rules.interpreters.push_back({i.extension, i.program.string(), i.arguments});
  rules.index = chosen.site.index;
  rules.limits = {chosen.server.script_timeout, chosen.server.script_deadline, chosen.server.grace};
  rules.queue_timeout = chosen.server.queue_timeout;
  return rules;
}

// Directories whose files are never given out as files. A cgi-bin in the root is one also when its
// programs are not served (--cgi-bin off or elsewhere), unless it was mapped as files by name.
std::vector<std::filesystem::path> script_directories(config::options const& chosen) {
  std::vector<std::filesystem::path> out;
  std::error_code missing;
  auto const usual = std::filesystem::canonical(chosen.site.root / "cgi-bin", missing);
  bool const mapped = std::any_of(
      chosen.site.mappings.begin(), chosen.site.mappings.end(), [&](config::mapping const& m) {
        return m.what == config::mapping::kind::static_files && m.target == usual;
      });
  if (!missing && !mapped) out.push_back(usual);
  if (!chosen.site.cgi_bin.empty()) out.push_back(chosen.site.cgi_bin);
  for (auto const& m : chosen.site.mappings) {
    if (m.what == config::mapping::kind::cgi) out.push_back(m.target);
  }
  return out;
}

// Files, with the programs among them where --cgi-ext names some.
class file_site final : public http::handler {
 public:
  file_site(config::options const& chosen, cgi::gateway_rules const& rules, std::string prefix,
            std::filesystem::path const& root)
      : files_({.root = root,
                .prefix = prefix,
                .index = chosen.site.index,
                .listing = chosen.site.listing,
                .follow_symlinks = chosen.server.follow_symlinks,
                .hidden = script_directories(chosen),
                .script_extensions = chosen.site.cgi_extensions}),
        programs_(rules,
                  {root, prefix, chosen.site.cgi_extensions, chosen.site.index,
                   chosen.server.follow_symlinks},
                  files_) {}

  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context& context) override {
    return programs_.answer_at_once(request, context);
  }
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override {
    return programs_.handle(request, request_body, context);
  }

 private:
  files::static_handler files_;
  cgi::extension_gateway programs_;
};

void mount_all(router& routes, config::options const& chosen, cgi::gateway_rules const& rules) {
  routes.mount("", std::make_unique<file_site>(chosen, rules, "", chosen.site.root),
               {"files of", chosen.site.root.string()});
  if (!chosen.site.cgi_bin.empty()) {
    routes.mount("/cgi-bin",
                 std::make_unique<cgi::prefix_gateway>(rules, "/cgi-bin", chosen.site.cgi_bin),
                 {"programs of", chosen.site.cgi_bin.string()});
  }
  for (auto const& m : chosen.site.mappings) {
    if (m.what == config::mapping::kind::cgi) {
      bool const several = std::filesystem::is_directory(m.target);
      routes.mount(m.prefix, std::make_unique<cgi::prefix_gateway>(rules, m.prefix, m.target),
                   {several ? "programs of" : "the program", m.target.string()});
    } else {
      routes.mount(m.prefix, std::make_unique<file_site>(chosen, rules, m.prefix, m.target),
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

site::site(config::options const& chosen, life::shared_resources& shared)
    : shared_(shared), rules_(make_gateway_rules(chosen)), routes_(shared.answered_at_once()) {
  rules_.slots = &shared.slots();
  rules_.spool_space = shared.spool_space();
  rules_.descriptor_limit = shared.descriptor_limit();
  routes_.mount(std::string(health_path), std::make_unique<health>(), {"the server's health", ""});
  mount_all(routes_, chosen, rules_);
  service_.handler = &routes_;
  service_.render_error = render_error;
  service_.limits.header_limit_bytes = chosen.server.header_limit_bytes;
  service_.limits.body_limit_bytes = chosen.site.body_limit_bytes;
  service_.limits.header_timeout = chosen.server.header_timeout;
  service_.limits.idle_timeout = chosen.server.idle_timeout;
  service_.limits.least_rate = {
      .least_bytes_per_second = chosen.server.min_rate_bytes,
      .grace = std::min<net::duration>(base::limits::rate_grace, chosen.server.idle_timeout)};
}

void site::trace_to(trace::tracer& one) {
  tracers_.add(one);
  service_.tracer = &tracers_;
}

void site::get_ready(config::options const& chosen) {
  auto held_by = make_containment(chosen.server);
  held_by.sandbox = make_sandbox(chosen);
  rules_.held_by = std::make_shared<process::containment const>(std::move(held_by));
  rules_.launcher = shared_.launcher();
}

}  // namespace gatehouse::app
