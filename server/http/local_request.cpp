#include "gatehouse/http/local_request.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <string_view>

namespace gatehouse::http {

bool is_forwarded(request const& request) {
  for (std::string_view const name : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"}) {
    if (request.fields.contains(name)) return true;
  }
  return false;
}

bool may_be_rebound(request const& request) {
  auto const named = host_of(request);
  if (!named || named->host.starts_with('[')) return false;
  std::string_view const host = named->host;
  if (host.find('.') == std::string_view::npos || host.ends_with(".localhost")) return false;
  boost::system::error_code no_address;
  boost::asio::ip::make_address_v4(named->host, no_address);
  return static_cast<bool>(no_address);
}

bool is_from_this_machine(request const& request, bool client_is_loopback) {
  return client_is_loopback && !is_forwarded(request) && !may_be_rebound(request);
}

}  // namespace gatehouse::http
