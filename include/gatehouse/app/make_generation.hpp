#pragma once
// What one configuration makes: its sites, their access log, and whoever is told of its exchanges.

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <variant>

#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/life/generation.hpp"
#include "gatehouse/life/shared_resources.hpp"
#include "gatehouse/show/exchange_store.hpp"
#include "gatehouse/trace/log_tracer.hpp"
#include "gatehouse/trace/printer.hpp"

namespace gatehouse::app {

// Where trace events go: to the log, to --trace's printer and to the inspector's store. All
// generations of a server use the same ones, so that a reload does not lose what the inspector
// shows. The printer and the store are made by the first generation whose options ask for them.
struct trace_targets {
  trace::log_tracer log;
  std::optional<trace::printer> printing;
  std::optional<show::exchange_store> exchanges;
};

// Opens the access log, and has the sites report their exchanges to the log and to the targets.
// chosen: with its directories resolved; at: where the server listens; shared and targets outlive
// the generation's service. Programs do not run yet (life::generation::get_ready). The error is one
// line for standard error: an access log or a directory that cannot be opened, an inspector that
// everybody would reach. Does not throw.
std::variant<life::generation, config::usage_error> make_generation(
    config::options const& chosen, std::vector<boost::asio::ip::tcp::endpoint> const& at,
    life::shared_resources& shared, trace_targets& targets, map_kinds kinds = registered_kinds());

}  // namespace gatehouse::app
