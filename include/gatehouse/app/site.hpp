#pragma once
// What answers requests, put together from the options: the router with its handlers, the launcher,
// and all that connections share. It has no socket: a server listens in front of it, and `gatehouse
// explain` asks it without one.

#include <memory>
#include <string>
#include <vector>

#include "gatehouse/app/containment.hpp"
#include "gatehouse/app/options.hpp"
#include "gatehouse/app/router.hpp"
#include "gatehouse/cgi/gateway.hpp"
#include "gatehouse/net/connection.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::app {

// What programs get of the server's own environment: PATH and what --env names.
std::vector<cgi::meta_variable> script_environment(options const& chosen);
// The value of PATH among them.
std::string script_path(std::vector<cgi::meta_variable> const& environment);

class site {
 public:
  // chosen: with its directories resolved; outlives the site. Raises the limit of open descriptors
  // (programs get the old one).
  explicit site(options const& chosen);
  site(site const&) = delete;
  site& operator=(site const&) = delete;

  // Tells the tracer of every exchange from now on. It outlives the site.
  void trace_to(trace::tracer& one);

  // Programs can be started. After the signal handlers are set and privileges are given up, and
  // before there are many descriptors (see process::vfork_launcher). Throws where a --sandbox
  // cannot be had, as make_sandbox does.
  void get_ready();

  router& routes() { return routes_; }
  net::service& service() { return service_; }
  process::launcher& launcher() { return *launcher_; }                // after get_ready()
  process::sandbox const* sandbox() const { return sandbox_.get(); }  // the same; null: none

 private:
  options const& chosen_;
  cgi::gateway_rules rules_;
  process::containment containment_;
  std::unique_ptr<process::sandbox> sandbox_;
  cgi::script_slots slots_;
  std::unique_ptr<process::launcher> launcher_;
  router routes_;
  trace::tracers tracers_;
  net::service service_;
};

}  // namespace gatehouse::app
