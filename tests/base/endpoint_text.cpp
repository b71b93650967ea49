#include "gatehouse/base/endpoint_text.hpp"

#include <doctest/doctest.h>

using namespace gatehouse;

TEST_CASE("an endpoint is written as in a URL") {
  struct row {
    char const* address;
    unsigned short port;
    std::string_view text;
  };
  row const rows[] = {
      {"127.0.0.1", 8000, "127.0.0.1:8000"},
      {"0.0.0.0", 0, "0.0.0.0:0"},
      {"::1", 65535, "[::1]:65535"},
      {"::ffff:10.0.0.1", 80, "[::ffff:10.0.0.1]:80"},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    CHECK(base::endpoint_text({boost::asio::ip::make_address(r.address), r.port}) == r.text);
  }
}
