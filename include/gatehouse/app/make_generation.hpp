#pragma once
// What one configuration makes: a site, its access log, and whoever is told of its exchanges.

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <variant>

#include "gatehouse/config/options.hpp"
#include "gatehouse/life/generation.hpp"
#include "gatehouse/life/premises.hpp"
#include "gatehouse/show/exchange_store.hpp"
#include "gatehouse/trace/log_tracer.hpp"
#include "gatehouse/trace/printer.hpp"

namespace gatehouse::app {

// Those that are told of exchanges: the same ones for all generations of a server. What the options
// ask for is made by the first generation that wants it.
struct onlookers {
  trace::log_tracer log;
  std::optional<trace::printer> printing;
  std::optional<show::exchange_store> exchanges;
};

// Opens the access log, and has the site tell the log and the onlookers of its exchanges. chosen:
// with its directories resolved; at: where the server listens; where and told outlive the
// generation's service. Programs do not run yet (life::generation::get_ready). The error is one
// line for standard error: an access log or a directory that cannot be opened, an inspector that
// everybody would reach. Does not throw.
std::variant<life::generation, config::usage_error> make_generation(
    config::options const& chosen, boost::asio::ip::tcp::endpoint const& at, life::premises& where,
    onlookers& told);

}  // namespace gatehouse::app
