#include "gatehouse/upstream/address.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

namespace gatehouse::upstream {
namespace {

using parsed = boost::system::result<address, complaint>;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

// Within brackets, where "%" and the name of an interface may follow an address.
bool is_of_ipv6(char c) {
  return is_of_name(c) || c == ':' || c == '%';
}

// The path of a Unix socket; sun_path holds it with a NUL at its end.
parsed parse_unix(std::string_view path, std::string_view whole) {
  constexpr std::size_t most = sizeof(sockaddr_un::sun_path) - 1;
  if (!path.starts_with('/'))
    return complaint{"the path of " + quoted(whole) + " does not start with \"/\""};
  if (path.size() > most)
    return complaint{"the path of " + quoted(whole) + " is longer than " + std::to_string(most) +
                     " bytes"};
  return address{.path = std::string(path), .host = {}};
}

parsed parse_one(std::string_view text) {
  constexpr std::string_view unix_words = "unix:";
  if (text.starts_with(unix_words)) return parse_unix(text.substr(unix_words.size()), text);
  auto const colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return complaint{quoted(text) +
                     " is not an address such as unix:/run/app.sock or 127.0.0.1:9000"};
  auto host = text.substr(0, colon);
  auto const digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (ec != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return complaint{"the port of " + quoted(text) + " is no number from 1 to 65535"};
  bool const bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  bool const sound =
      !host.empty() && std::all_of(host.begin(), host.end(), bracketed ? is_of_ipv6 : is_of_name);
  if (!sound) return complaint{"the host of " + quoted(text) + " is no name and no address"};
  return address{.path = {}, .host = std::string(host), .port = port};
}

endpoint unix_endpoint(address const& of) {
  endpoint out{.text = of.text()};
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::copy(of.path.begin(), of.path.end(), std::begin(name.sun_path));
  std::memcpy(&out.storage, &name, sizeof name);
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + of.path.size() + 1);
  return out;
}

}  // namespace

std::string address::text() const {
  if (is_unix()) return "unix:" + path;
  bool const v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

boost::system::result<std::vector<address>, complaint> parse_addresses(std::string_view text) {
  std::vector<address> out;
  while (true) {
    auto const comma = text.find(',');
    auto one = parse_one(text.substr(0, comma));
    if (one.has_error()) return one.error();
    out.push_back(std::move(*one));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

boost::system::result<std::vector<endpoint>, complaint> resolve(address const& of) {
  if (of.is_unix()) return std::vector<endpoint>{unix_endpoint(of)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int const failed =
      ::getaddrinfo(of.host.c_str(), std::to_string(of.port).c_str(), &hints, &found);
  if (failed != 0) return complaint{::gai_strerror(failed)};
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const list(found, &::freeaddrinfo);
  std::vector<endpoint> out;
  for (auto const* each = list.get(); each != nullptr; each = each->ai_next) {
    endpoint one{.size = each->ai_addrlen, .text = of.text()};
    std::memcpy(&one.storage, each->ai_addr, each->ai_addrlen);
    out.push_back(one);
  }
  return out;
}

}  // namespace gatehouse::upstream
