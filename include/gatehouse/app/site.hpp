#pragma once
// What answers requests, put together from the options: the router with its handlers, and all that
// connections share. It has no socket: a server listens in front of it, and `gatehouse explain`
// asks it without one. When a server reads its configuration again, it makes another site on the
// same shared resources, and the old one goes with its last exchange.

#include <memory>
#include <string>
#include <vector>

#include "gatehouse/app/containment.hpp"
#include "gatehouse/app/router.hpp"
#include "gatehouse/cgi/gateway.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/life/shared_resources.hpp"
#include "gatehouse/net/connection.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::app {

// What programs get of the server's own environment: PATH and what --env names.
std::vector<gateway::meta_variable> script_environment(config::site_options const& chosen);
// The value of PATH among them.
std::string script_path(std::vector<gateway::meta_variable> const& environment);

class site {
 public:
  // chosen: with its directories resolved. Throws std::system_error if one of them cannot be
  // opened. shared: outlives the site.
  site(config::options const& chosen, life::shared_resources& shared);
  site(site const&) = delete;
  site& operator=(site const&) = delete;

  // Tells the tracer of every exchange from now on. It outlives the site.
  void trace_to(trace::tracer& one);

  // Programs are run from now on, and not only described. chosen: as before. After the shared
  // resources are ready. Throws where a --sandbox cannot be had, as make_sandbox does.
  void get_ready(config::options const& chosen);

  router& routes() { return routes_; }
  net::service& service() { return service_; }

 private:
  life::shared_resources& shared_;
  cgi::gateway_rules rules_;
  router routes_;
  trace::tracers tracers_;
  net::service service_;
};

}  // namespace gatehouse::app
