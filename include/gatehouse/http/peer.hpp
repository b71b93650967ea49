#pragma once
// The connection that a request came by, as far as a handler may know it: who the client is, where
// it has connected to, and how. A value; what carries the bytes is known to net alone, so that a
// client may come by something other than TCP.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::http {

class peer {
 public:
  using endpoint = boost::asio::ip::tcp::endpoint;

  // Nobody is known: the addresses are 0.0.0.0.
  peer() = default;
  // The two ends of a TCP connection. An IPv4 address that an IPv6 socket gives as ::ffff:1.2.3.4
  // is that IPv4 address here.
  peer(endpoint const& client, endpoint const& server);

  // The client's numeric address (REMOTE_ADDR; RFC 3875, 4.1.8), and its port.
  std::string address() const { return client_.address().to_string(); }
  std::uint16_t port() const { return client_.port(); }
  // Both, as in a URL: "192.0.2.1:1234", "[2001:db8::1]:1234".
  std::string client_text() const;

  // What the client has connected to, in the same forms.
  std::string server_address() const { return server_.address().to_string(); }
  std::uint16_t server_port() const { return server_.port(); }
  std::string server_text() const;
  // The server's address as the host of a URL, with brackets where a URL needs them.
  std::string server_host() const;

  // Whether the client is a program on this machine for certain, and so may see what is for its
  // author alone.
  bool is_local() const { return client_.address().is_loopback(); }

  // The scheme of the URLs that lead here (RFC 9110, 4.2).
  std::string_view scheme() const { return "http"; }

 private:
  endpoint client_;
  endpoint server_;
};

}  // namespace gatehouse::http
