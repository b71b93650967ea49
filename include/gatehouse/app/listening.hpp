#pragma once
// Opens the sockets that a server listens on, and says in plain words why one cannot be opened.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::app {

using sockets = std::vector<base::unique_fd>;
using endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

// A listening socket for each of the addresses, all on the same port: the one that is given, or for
// 0 one that is free at all of them. An address that this machine does not have is left out if
// others are left, since a name may have an IPv6 address where IPv6 is off; the log says so. More
// addresses than limits::listening_sockets are an error.
std::variant<sockets, config::usage_error> open_sockets(
    std::vector<boost::asio::ip::address> const& addresses, std::uint16_t port);

// The sockets that were given (by systemd, or by the server that is taken over from); if there are
// none, new ones where --bind and --port want them. The log says so where the former listen
// somewhere else.
std::variant<sockets, config::usage_error> given_or_opened(sockets given,
                                                           config::server_options const& chosen);

// The port of the options, or one soon after it that is free where that one is taken. Another
// program may take it the next moment.
std::uint16_t free_port(config::server_options const& chosen);

// What helps where nobody can listen.
struct listen_advice {
  std::string program;                          // the path of this program
  std::optional<std::uint16_t> free_port = {};  // one that can be used instead
};

// Why nobody can listen there, in one line, with what helps. Pure.
std::string listen_failure(boost::asio::ip::tcp::endpoint const& where, base::error_code const& why,
                           listen_advice const& advice);

// Where sockets that were given to us listen.
endpoints endpoints_of(sockets const& given);

// "127.0.0.1:8000 [::1]:8000".
std::string endpoints_text(endpoints const& where);

// "http://127.0.0.1:8000/ http://[::1]:8000/".
std::string urls_text(endpoints const& where);

}  // namespace gatehouse::app
