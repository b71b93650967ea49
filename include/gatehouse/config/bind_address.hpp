#pragma once
// Which addresses --bind means.

#include <boost/asio/ip/address.hpp>
#include <variant>
#include <vector>

#include "gatehouse/config/options.hpp"

namespace gatehouse::config {

// The address that --bind gives, or every address of the name that it gives, in the system's order
// (getaddrinfo(3)); never empty. Blocks while the name is looked up. An error line if it has none.
std::variant<std::vector<boost::asio::ip::address>, usage_error> bind_addresses(
    server_options const& chosen);

}  // namespace gatehouse::config
