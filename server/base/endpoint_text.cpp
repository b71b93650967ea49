#include "gatehouse/base/endpoint_text.hpp"

namespace gatehouse::base {

std::string endpoint_text(boost::asio::ip::tcp::endpoint const& endpoint) {
  auto const address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

}  // namespace gatehouse::base
