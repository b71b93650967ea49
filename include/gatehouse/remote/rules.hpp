#pragma once
// What all applications that run elsewhere share in one configuration.

#include <chrono>
#include <memory>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/meta_variables.hpp"

namespace gatehouse::remote {

// Outlives the gateways.
struct rules {
  gateway::variable_rules variables;
  std::chrono::steady_clock::duration connecting = base::limits::connect_wait;  // to one address
  std::chrono::steady_clock::duration queue_timeout{};  // for a program of ours
  std::chrono::steady_clock::duration silence{};   // nothing came and nothing was taken: given up
  std::chrono::steady_clock::duration deadline{};  // of a whole request; zero: none
  std::shared_ptr<base::budget> spool_space;       // of request bodies
  bool asks = false;  // false: applications are described to the recorder, not asked
};

}  // namespace gatehouse::remote
