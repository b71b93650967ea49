#pragma once
// One configuration of a running server, and what answers requests by it. A server has one at a
// time, and makes another one for each SIGHUP. What it is made of is not known here
// (app/make_generation.hpp).

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/config/options.hpp"
#include "gatehouse/net/connection.hpp"

namespace gatehouse::life {

struct generation {
  config::options chosen;  // with its directories resolved
  // Shared with the connections whose exchange began with it; what answers goes with the last of
  // them.
  std::shared_ptr<net::service> service;
  // Programs are run from now on, and not only described. After the shared state is ready.
  std::function<void()> get_ready;
  // Starts the programs that are kept in memory. done is called once, on any thread: with nothing
  // when all are ready, or with what is wrong. After get_ready.
  std::function<void(std::function<void(std::optional<std::string>)> done)> start_programs;
  // The files that these programs are made of: when one changes, a new generation is wanted
  // (--reload).
  std::function<std::vector<std::string>()> sources;
};

}  // namespace gatehouse::life
