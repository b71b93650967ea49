#include "gatehouse/http/request_parser.hpp"

#include <doctest/doctest.h>

#include <string>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse::http;

namespace {

constexpr std::uint64_t body_limit = 1000;

// A request with the field lines given, each ending in CRLF.
std::string get(std::string const& lines, std::string const& request_line = "GET / HTTP/1.1") {
  return request_line + "\r\n" + lines + "\r\n";
}

}  // namespace

TEST_CASE("the end of a head is found however it arrives") {
  std::string const head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  SUBCASE("at once, with bytes behind it") {
    head_scanner scanner(1000);
    auto const found = scanner.scan(head + "more");
    REQUIRE(found.has_value());
    CHECK(*found == head.size());
  }
  SUBCASE("byte by byte") {
    head_scanner scanner(1000);
    for (std::size_t size = 1; size < head.size(); ++size) {
      auto const found = scanner.scan(std::string_view(head).substr(0, size));
      REQUIRE(found.has_value());
      CHECK_FALSE(found->has_value());
    }
    CHECK(scanner.scan(head).value() == head.size());
  }
}

TEST_CASE("bytes that cannot become a head are refused before they are all there") {
  struct row {
    std::string_view label;
    std::string bytes;
    unsigned status;
    std::string_view reason;
  };
  row const rows[] = {
      {"a bare LF", "GET / HTTP/1.1\nHost: h\r\n", 400, "bare-lf"},
      {"an LF first", "\nGET", 400, "bad-method"},
      {"TLS", "\x16\x03\x01", 400, "bad-method"},
      {"a request line over the limit", "GET /" + std::string(200, 'a'), 414, "target-too-long"},
      {"fields over the limit", "GET / HTTP/1.1\r\nA: " + std::string(200, 'a'), 431,
       "head-too-large"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    head_scanner scanner(100);
    auto const found = scanner.scan(r.bytes);
    REQUIRE(found.has_error());
    CHECK(found.error().status == r.status);
    CHECK(found.error().reason == r.reason);
  }
}

TEST_CASE("a sound head becomes a request") {
  auto const parsed = parse_request(get("Host: Example.org:8000\r\nX-Empty:\r\nX-Spaces: \t a b "
                                        "\t\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n",
                                        "PoST /a%20b?q HTTP/1.1"),
                                    body_limit);
  REQUIRE(parsed.has_value());
  CHECK(parsed->method == "PoST");
  CHECK(parsed->target.path == "/a b");
  CHECK(parsed->target.query == "q");
  CHECK(parsed->fields.find("x-spaces").value_or("-") == "a b");
  CHECK(parsed->fields.find("X-Empty").value_or("-").empty());
  CHECK(parsed->content_length.value_or(0) == 5);
  CHECK(parsed->expects_continue);
  CHECK(parsed->keep_alive);
}

TEST_CASE("a later minor version is read as HTTP/1.1") {
  for (std::string const minor : {"2", "5", "9"}) {
    CAPTURE(minor);
    auto const parsed = parse_request(
        get("Host: h\r\nTransfer-Encoding: chunked\r\n", "POST /a HTTP/1." + minor), body_limit);
    REQUIRE(parsed.has_value());
    CHECK(parsed->minor_version == 1);
    CHECK(parsed->version() == "HTTP/1.1");
    CHECK(parsed->target.path == "/a");
    CHECK(parsed->chunked);
    CHECK(parsed->keep_alive);
  }
}

TEST_CASE("keep-alive follows version and Connection") {
  struct row {
    std::string_view label;
    std::string head;
    bool keep_alive;
  };
  row const rows[] = {
      {"HTTP/1.1", get("Host: h\r\n"), true},
      {"HTTP/1.1, close", get("Host: h\r\nConnection: close\r\n"), false},
      {"HTTP/1.1, close among others", get("Host: h\r\nConnection: x, Close\r\n"), false},
      {"HTTP/1.0", get("", "GET / HTTP/1.0"), false},
      {"HTTP/1.0, keep-alive", get("Connection: Keep-Alive\r\n", "GET / HTTP/1.0"), true},
      {"HTTP/1.0, both", get("Connection: keep-alive\r\nConnection: close\r\n", "GET / HTTP/1.0"),
       false},
      {"HTTP/1.0, to a proxy", get("Proxy-Connection: keep-alive\r\n", "GET / HTTP/1.0"), false},
      {"HTTP/1.1, to a proxy", get("Host: h\r\nProxy-Connection: close\r\n"), true},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const parsed = parse_request(r.head, body_limit);
    REQUIRE(parsed.has_value());
    CHECK(parsed->keep_alive == r.keep_alive);
  }
}

TEST_CASE("a head that is not sound is refused with its reason, and the connection closes") {
  std::string const host = "Host: h\r\n";
  std::string many = host;
  for (std::size_t i = 0; i < gatehouse::base::limits::fields; ++i) many += "A: b\r\n";
  struct row {
    std::string_view label;
    std::string head;
    unsigned status;
    std::string_view reason;
  };
  row const rows[] = {
      {"no Host", get(""), 400, "host-missing"},
      {"two Hosts", get("Host: a\r\nHost: a\r\n"), 400, "host-repeated"},
      {"two Hosts in HTTP/1.0", get("Host: a\r\nHost: a\r\n", "GET / HTTP/1.0"), 400,
       "host-repeated"},
      {"an empty Host", get("Host:\r\n"), 400, "bad-host"},
      {"a Host that is none", get("Host: a b\r\n"), 400, "bad-host"},
      {"obs-fold", get(host + "A: b\r\n c\r\n"), 400, "obs-fold"},
      {"obs-fold with a tab", get(host + "A: b\r\n\tc\r\n"), 400, "obs-fold"},
      {"obs-fold behind a bare LF", get(host + "A: b\n c\r\n"), 400, "obs-fold"},
      {"obs-fold at the end", get(host + "A: b\r\n \r\n"), 400, "obs-fold"},
      {"space before the first field", get(" " + host), 400, "obs-fold"},
      {"space before the colon", get(host + "A : b\r\n"), 400, "bad-field-name"},
      {"no field name", get(host + ": b\r\n"), 400, "bad-field-name"},
      {"no colon", get(host + "A\r\n"), 400, "bad-field-name"},
      {"a NUL in a value", get(host + "A: b" + std::string(1, '\0') + "\r\n"), 400,
       "bad-field-value"},
      {"a bare CR in a value", get(host + "A: b\rc\r\n"), 400, "bad-request"},
      {"a control character in a value", get(host + "A: \x01\r\n"), 400, "bad-field-value"},
      {"too many fields", get(many), 431, "too-many-fields"},
      {"two lengths", get(host + "Content-Length: 1\r\nContent-Length: 2\r\n"), 400,
       "bad-content-length"},
      {"two lengths in a list", get(host + "Content-Length: 1, 2\r\n"), 400, "bad-content-length"},
      {"equal lengths", get(host + "Content-Length: 1\r\nContent-Length: 1\r\n"), 400,
       "bad-content-length"},
      {"equal lengths in a list", get(host + "Content-Length: 1, 1\r\n"), 400,
       "bad-content-length"},
      {"a length and a comma", get(host + "Content-Length: 1,\r\n"), 400, "bad-content-length"},
      {"a signed length", get(host + "Content-Length: +1\r\n"), 400, "bad-content-length"},
      {"a negative length", get(host + "Content-Length: -1\r\n"), 400, "bad-content-length"},
      {"a hexadecimal length", get(host + "Content-Length: 0x1\r\n"), 400, "bad-content-length"},
      {"a length out of range", get(host + "Content-Length: 99999999999999999999\r\n"), 400,
       "bad-content-length"},
      {"an empty length", get(host + "Content-Length:\r\n"), 400, "bad-content-length"},
      {"a length over the limit", get(host + "Content-Length: 1001\r\n"), 413, "body-too-large"},
      {"length and coding", get(host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400,
       "bad-transfer-encoding"},
      {"coding and length", get(host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400,
       "bad-content-length"},
      {"length and a coding that is not chunked",
       get(host + "Content-Length: 1\r\nTransfer-Encoding: gzip\r\n"), 400,
       "bad-transfer-encoding"},
      {"the last coding is not chunked", get(host + "Transfer-Encoding: chunked, gzip\r\n"), 400,
       "bad-transfer-encoding"},
      {"chunked twice", get(host + "Transfer-Encoding: chunked, chunked\r\n"), 400,
       "bad-transfer-encoding"},
      {"chunked in two fields",
       get(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
       "bad-transfer-encoding"},
      {"an empty element before chunked", get(host + "Transfer-Encoding: ,chunked\r\n"), 400,
       "bad-transfer-encoding"},
      {"an empty element after chunked", get(host + "Transfer-Encoding: chunked,\r\n"), 400,
       "bad-transfer-encoding"},
      {"an empty coding", get(host + "Transfer-Encoding:\r\n"), 400, "bad-transfer-encoding"},
      {"a coding before chunked", get(host + "Transfer-Encoding: gzip, chunked\r\n"), 501,
       "transfer-coding-not-implemented"},
      {"a coding in HTTP/1.0", get("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), 400,
       "bad-transfer-encoding"},
      {"another expectation", get(host + "Expect: a-miracle\r\n"), 417, "expectation-unknown"},
      {"HTTP/2.0", get(host, "GET / HTTP/2.0"), 505, "version-not-supported"},
      {"HTTP/0.9", get(host, "GET / HTTP/0.9"), 505, "version-not-supported"},
      {"HTTP/2.1", get(host, "GET / HTTP/2.1"), 505, "version-not-supported"},
      {"HTTP/1.2 and a space", get(host, "GET / HTTP/1.2 "), 400, "bad-version"},
      {"HTTP/1.2 without a Host", get("", "GET / HTTP/1.2"), 400, "host-missing"},
      {"https", get(host, "GET https://h/ HTTP/1.1"), 421, "https-on-plain-connection"},
      {"https in capitals", get(host, "GET HTTPS://h/ HTTP/1.1"), 421, "https-on-plain-connection"},
      {"https in HTTP/1.0", get("", "GET https://h/ HTTP/1.0"), 421, "https-on-plain-connection"},
      {"a lower-case version", get(host, "GET / http/1.1"), 400, "bad-version"},
      {"no version", get(host, "GET /"), 400, "bad-target"},
      {"two spaces", get(host, "GET  / HTTP/1.1"), 400, "bad-target"},
      {"a space at the end", get(host, "GET / HTTP/1.1 "), 400, "bad-version"},
      {"a method that is no token", get(host, "G@T / HTTP/1.1"), 400, "bad-method"},
      {"a control character in the target", get(host, "GET /\x01 HTTP/1.1"), 400, "bad-target"},
      {"a target out of the root", get(host, "GET /../ HTTP/1.1"), 400, "target-escapes-root"},
      {"CONNECT", get(host, "CONNECT h:1 HTTP/1.1"), 501, "method-not-implemented"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const parsed = parse_request(r.head, body_limit);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().status == r.status);
    CHECK(parsed.error().reason == r.reason);
    CHECK(parsed.error().close);
  }
}
