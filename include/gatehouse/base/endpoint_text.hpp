#pragma once
// How an address with its port is written: "127.0.0.1:8000", "[::1]:8000" (RFC 3986, 3.2.2).

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace gatehouse::base {

std::string endpoint_text(boost::asio::ip::tcp::endpoint const& endpoint);

}  // namespace gatehouse::base
