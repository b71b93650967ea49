#include "gatehouse/http/peer.hpp"

#include "gatehouse/base/endpoint_text.hpp"

namespace gatehouse::http {
namespace {

peer::endpoint unmapped(peer::endpoint const& from) {
  auto const& address = from.address();
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return from;
  return {boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()),
          from.port()};
}

}  // namespace

peer::peer(endpoint const& client, endpoint const& server)
    : client_(unmapped(client)), server_(unmapped(server)) {}

std::string peer::client_text() const {
  return base::endpoint_text(client_);
}

std::string peer::server_text() const {
  return base::endpoint_text(server_);
}

std::string peer::server_host() const {
  return server_.address().is_v6() ? "[" + server_address() + "]" : server_address();
}

}  // namespace gatehouse::http
