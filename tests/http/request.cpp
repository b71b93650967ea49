#include "gatehouse/http/request.hpp"

#include <doctest/doctest.h>

#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;

TEST_CASE("a request is for the host of its target, else for that of its Host field") {
  struct row {
    std::string_view label;
    std::string head;
    std::string_view host;  // empty: none is named
  };
  row const rows[] = {
      {"the field", "GET / HTTP/1.1\r\nHost: A.example:80\r\n\r\n", "a.example"},
      {"the target", "GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "b.example"},
      {"no field", "GET / HTTP/1.0\r\n\r\n", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const request = http::parse_request(r.head, 1000);
    REQUIRE(request.has_value());
    auto const named = http::host_of(*request);
    CHECK((named ? named->host : std::string()) == r.host);
  }
}
