#include "gatehouse/http/peer.hpp"

#include <doctest/doctest.h>

using namespace gatehouse;
using boost::asio::ip::make_address;

TEST_CASE("a peer names both ends of its connection, and knows whether it is on this machine") {
  struct row {
    char const* client;
    char const* address;
    char const* client_text;
    char const* server_host;
    bool is_local;
  };
  row const rows[] = {
      {"192.0.2.1", "192.0.2.1", "192.0.2.1:1234", "192.0.2.1", false},
      {"127.0.0.1", "127.0.0.1", "127.0.0.1:1234", "127.0.0.1", true},
      {"127.8.9.1", "127.8.9.1", "127.8.9.1:1234", "127.8.9.1", true},
      {"2001:db8::1", "2001:db8::1", "[2001:db8::1]:1234", "[2001:db8::1]", false},
      {"::1", "::1", "[::1]:1234", "[::1]", true},
      // A socket for both families gives IPv4 addresses in this form.
      {"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1:1234", "192.0.2.1", false},
      {"::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1:1234", "127.0.0.1", true},
  };
  for (row const& r : rows) {
    CAPTURE(r.client);
    http::peer const seen({make_address(r.client), 1234}, {make_address(r.client), 80});
    CHECK(seen.address() == r.address);
    CHECK(seen.port() == 1234);
    CHECK(seen.client_text() == r.client_text);
    CHECK(seen.server_address() == r.address);
    CHECK(seen.server_port() == 80);
    CHECK(seen.server_host() == r.server_host);
    CHECK(seen.is_local() == r.is_local);
  }
  CHECK_FALSE(http::peer().is_local());
}
