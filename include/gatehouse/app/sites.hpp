#pragma once
// What answers requests, put together from the options: the sites, the router that leads to them,
// and all that connections share. It has no socket: a server listens in front of it, and `gatehouse
// explain` asks it without one. When a server reads its configuration again, it makes new ones on
// the same shared resources, and the old ones go with their last exchange.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/app/router.hpp"
#include "gatehouse/app/site.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/life/shared_resources.hpp"
#include "gatehouse/net/connection.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::app {

class sites {
 public:
  // chosen: with its directories resolved. Throws std::system_error if one of them cannot be
  // opened. shared: outlives this.
  sites(config::options const& chosen, life::shared_resources& shared,
        map_kinds kinds = registered_kinds());
  sites(sites const&) = delete;
  sites& operator=(sites const&) = delete;

  // Tells the tracer of every exchange from now on. It outlives this.
  void trace_to(trace::tracer& one);

  // Programs are run from now on, and not only described. chosen: as before. After the shared
  // resources are ready. Throws where a --sandbox cannot be had, as make_sandbox does.
  void get_ready(config::options const& chosen);

  // Starts the programs that are kept in memory. done is called once, on any thread: with nothing
  // when all are ready, or with what is wrong. After get_ready().
  void start_programs(std::function<void(std::optional<std::string>)> done);
  // The files that they are made of.
  std::vector<std::string> sources() const;

  // Whether there are programs that are kept in memory.
  bool keeps_programs() const;

  // Those that answer below this prefix of a mapping; null where that keeps none. After
  // get_ready().
  std::shared_ptr<process::pool> pool_at(std::string_view prefix) const;

  router& routes() { return routes_; }
  net::service& service() { return service_; }

 private:
  std::vector<std::unique_ptr<site>> sites_;
  router routes_;  // goes before the sites, which its handlers refer to
  trace::tracers tracers_;
  net::service service_;
};

}  // namespace gatehouse::app
