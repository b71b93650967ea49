#pragma once
// One configuration of a running server and what is made of it. A server has one at a time, and
// makes another one for each SIGHUP.

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "gatehouse/app/access_log.hpp"
#include "gatehouse/app/exchange_store.hpp"
#include "gatehouse/app/options.hpp"
#include "gatehouse/app/premises.hpp"
#include "gatehouse/app/site.hpp"
#include "gatehouse/net/connection.hpp"
#include "gatehouse/trace/log_tracer.hpp"
#include "gatehouse/trace/printer.hpp"

namespace gatehouse::app {

// Those that are told of exchanges: the same ones for all generations of a server. What the options
// ask for is made by the first generation that wants it.
struct onlookers {
  trace::log_tracer log;
  std::optional<trace::printer> printing;
  std::optional<exchange_store> exchanges;
};

// Shared by the server and by the connections whose exchange began with it; it goes with the last
// of them.
struct generation {
  // Throws as site does. where: outlives the generation.
  generation(options o, premises& where) : chosen(std::move(o)), what(chosen, where) {}
  generation(generation const&) = delete;
  generation& operator=(generation const&) = delete;

  options chosen;
  access_log log;
  site what;
};

// Opens the access log, and has the site tell the log and the onlookers of its exchanges. chosen:
// with its directories resolved; at: where the server listens; where and told outlive the
// generation. Its site is not ready yet (site::get_ready). The error is one line for standard
// error: an access log or a directory that cannot be opened, an inspector that everybody would
// reach. Does not throw.
std::variant<std::shared_ptr<generation>, usage_error> make_generation(
    options const& chosen, boost::asio::ip::tcp::endpoint const& at, premises& where,
    onlookers& told);

// What connections share of it. Keeps the generation alive.
std::shared_ptr<net::service> service_of(std::shared_ptr<generation> const& one);

}  // namespace gatehouse::app
