#include "gatehouse/config/bind_address.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>
#include <memory>

#include "gatehouse/config/command_line.hpp"
#include "gatehouse/config/option_values.hpp"

namespace gatehouse::config {
namespace {

using boost::asio::ip::address;

address address_of(addrinfo const& found) {
  boost::asio::ip::tcp::endpoint out;
  std::memcpy(out.data(), found.ai_addr, found.ai_addrlen);
  out.resize(found.ai_addrlen);
  return out.address();
}

}  // namespace

std::variant<std::vector<address>, usage_error> bind_addresses(server_options const& chosen) {
  boost::system::error_code no_address;
  auto const given = boost::asio::ip::make_address(chosen.bind, no_address);
  if (!no_address) return std::vector{given};
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  int const failed = ::getaddrinfo(chosen.bind.c_str(), nullptr, &wanted, &first);
  if (failed != 0)
    return error_line("--bind", in_quotes(chosen.bind) + ": " + ::gai_strerror(failed));
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const all(first, ::freeaddrinfo);
  std::vector<address> out;
  for (auto const* one = first; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    auto const found = address_of(*one);
    if (std::find(out.begin(), out.end(), found) == out.end()) out.push_back(found);
  }
  if (out.empty()) return error_line("--bind", in_quotes(chosen.bind) + " has no address");
  return out;
}

}  // namespace gatehouse::config
