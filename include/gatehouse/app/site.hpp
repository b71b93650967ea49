#pragma once
// One site: the handlers that its options ask for, and what they share. A process may have several,
// each for hosts of its own (sites.hpp).

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/app/router.hpp"
#include "gatehouse/cgi/gateway_rules.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/life/shared_resources.hpp"
#include "gatehouse/process/containment.hpp"
#include "gatehouse/process/templates.hpp"

namespace gatehouse::app {

// What programs get of the server's own environment: PATH and what --env names.
std::vector<gateway::meta_variable> script_environment(config::site_options const& chosen);
// The value of PATH among them.
std::string script_path(std::vector<gateway::meta_variable> const& environment);

class site {
 public:
  // Mounts what answers requests for the host (as http::parse_host gives it; empty: any). chosen:
  // with its directories resolved. Throws std::system_error if one of them cannot be opened. shared
  // outlives the site, and the site what it has mounted.
  site(config::server_options const& server, config::site_options const& chosen,
       life::shared_resources& shared, router& routes, std::string const& host = {},
       map_kinds kinds = registered_kinds());
  site(site const&) = delete;
  site& operator=(site const&) = delete;

  // Programs are run from now on, and not only described. After the shared resources are ready.
  // Throws std::runtime_error where programs cannot be kept that are to be.
  void get_ready(config::server_options const& server,
                 std::shared_ptr<process::containment const> held_by);

  // The programs that are kept in memory, none of which has been started. After get_ready().
  std::vector<std::shared_ptr<process::pool>> const& pools() const { return pools_; }

  bool keeps_programs() const { return !keeping_.empty(); }

  // The one of the mapping with this prefix; null if it has none.
  std::shared_ptr<process::pool> pool_at(std::string_view prefix) const;

 private:
  life::shared_resources& shared_;
  remote::rules remote_;
  cgi::gateway_rules rules_;
  void keep_for_interpreters(config::site_options const& chosen, map_kinds kinds);

  // What makes a pool for what answers requests; it gives null if that needs none.
  struct keeping {
    std::string where;  // the mapping's prefix, or an interpreter's extension
    std::function<std::shared_ptr<process::pool>(kept_parts const&)> make;
  };
  std::vector<keeping> keeping_;
  std::vector<std::shared_ptr<process::pool>> pools_;
  std::vector<std::string> places_;              // of each of these: keeping::where
  std::optional<process::template_rules> warm_;  // for when programs are run
};

}  // namespace gatehouse::app
