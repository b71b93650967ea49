#include "gatehouse/scgi/request.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::scgi;
using namespace std::string_literals;

TEST_CASE("SCGI: CONTENT_LENGTH first, then SCGI=1, then the rest, as a netstring") {
  scgi_packet packet("27");
  packet.add("REQUEST_METHOD", "POST");
  packet.add("CONTENT_LENGTH", "99");
  packet.add("SCGI", "2");
  packet.add("REQUEST_URI", "/deepthought");
  CHECK(*packet.finish() == "70:CONTENT_LENGTH\0"s + "27\0"s + "SCGI\0"s + "1\0"s +
                                "REQUEST_METHOD\0"s + "POST\0"s + "REQUEST_URI\0"s +
                                "/deepthought\0"s + ",");
}

TEST_CASE("SCGI: a NUL in a variable cannot begin another one") {
  for (bool const in_name : {true, false}) {
    scgi_packet packet("0");
    packet.add(in_name ? "A\0B"s : "A"s, in_name ? "x"s : "x\0HTTP_ADMIN\0yes"s);
    packet.add("C", "d");
    REQUIRE(packet.finish().has_error());
    CHECK(packet.finish().error() == refusal::nul_byte);
  }
}

TEST_CASE("uwsgi: modifier1 0 and a packet of at most 65,535 bytes") {
  uwsgi_packet packet;
  packet.add("A", "bc");
  packet.add("", std::string(300, 'x'));
  CHECK(*packet.finish() == "\0\x37\1\0\1\0A\2\0bc\0\0\x2c\1"s + std::string(300, 'x'));
  uwsgi_packet full;
  full.add("N", std::string(65'535 - 5, 'x'));
  CHECK(full.finish().has_value());
  full.add("", "");
  REQUIRE(full.finish().has_error());
  CHECK(full.finish().error() == refusal::too_large);
  uwsgi_packet larger;
  larger.add("N", std::string(70'000, 'x'));
  CHECK(larger.finish().has_error());
}

TEST_CASE("a first line of HTTP/1.x counts as Status, in whatever cuts it comes") {
  struct row {
    std::string bytes;
    std::string told;
  };
  row const rows[] = {
      {"HTTP/1.1 200 OK\r\nA: b\r\n\r\nHTTP/1.1 x", "Status: 200 OK\r\nA: b\r\n\r\nHTTP/1.1 x"},
      {"HTTP/1.0 404 Not Found\r\n\r\n", "Status: 404 Not Found\r\n\r\n"},
      {"HTTP/2.0 200 OK\r\n", "HTTP/2.0 200 OK\r\n"},
      {"HTTP/1.12 200\r\n", "HTTP/1.12 200\r\n"},
      {"HTTP/1.", "HTTP/1."},
      {"H", "H"},
      {"", ""},
      {"Status: 200\n\nx", "Status: 200\n\nx"},
  };
  for (auto const& r : rows) {
    CAPTURE(r.bytes);
    for (std::size_t size = 1; size <= r.bytes.size() + 1; ++size) {
      status_line line;
      std::string out;
      for (std::size_t at = 0; at < r.bytes.size(); at += size)
        out += line.push(std::string_view(r.bytes).substr(at, size));
      out += line.end();
      CHECK(out == r.told);
    }
  }
}
