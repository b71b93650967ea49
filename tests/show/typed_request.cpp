#include "gatehouse/show/typed_request.hpp"

#include <doctest/doctest.h>

using namespace gatehouse;
using namespace gatehouse::show;
using namespace std::string_literals;

TEST_CASE("what is typed is sent, with what a request must have") {
  struct row {
    std::string_view label;
    typed_request typed;
    std::string expected;
  };
  std::string const host = "Host: localhost:8000\r\n";
  std::string const form = "Content-Type: application/x-www-form-urlencoded\r\n";
  row const rows[] = {
      {"a path", {"/a%20b?c|d", {}, {}, {}, 8000}, "GET /a%20b?c|d HTTP/1.1\r\n" + host + "\r\n"},
      {"the usual port", {"/", {}, {}, {}, 80}, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"bytes that need encoding",
       {"/\xC3\xA9", {}, {}, {}, 8000},
       "GET /\xC3\xA9 HTTP/1.1\r\n" + host + "\r\n"},
      {"a URL",
       {"http://h.example:81/p?q#f", {}, {}, {}, 8000},
       "GET /p?q HTTP/1.1\r\nHost: h.example:81\r\n\r\n"},
      {"a URL without a path", {"HTTP://h", {}, {}, {}, 8000}, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a URL with only a query",
       {"http://[::1]?q", {}, {}, {}, 8000},
       "GET /?q HTTP/1.1\r\nHost: [::1]\r\n\r\n"},
      {"a URL and another Host",
       {"http://h/", {}, {"host: other"}, {}, 8000},
       "GET / HTTP/1.1\r\nhost: other\r\n\r\n"},
      {"the server itself",
       {"*", "OPTIONS", {}, {}, 8000},
       "OPTIONS * HTTP/1.1\r\n" + host + "\r\n"},
      {"fields, in their order and as they are",
       {"/", {}, {"B:  1", "A:", "B: 2"}, {}, 8000},
       "GET / HTTP/1.1\r\n" + host + "B:  1\r\nA:\r\nB: 2\r\n\r\n"},
      {"a body",
       {"/", {}, {}, "a=b", 8000},
       "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n" + form + "\r\na=b"},
      {"an empty body",
       {"/", {}, {}, "", 8000},
       "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n" + form + "\r\n"},
      {"a body of bytes, another method",
       {"/", "PUT", {}, "\0\r\n\xFF"s, 8000},
       "PUT / HTTP/1.1\r\n" + host + "Content-Length: 4\r\n" + form + "\r\n\0\r\n\xFF"s},
      {"a body with its fields",
       {"/", {}, {"content-type: text/plain", "Content-Length: 1"}, "x", 8000},
       "POST / HTTP/1.1\r\n" + host + "content-type: text/plain\r\nContent-Length: 1\r\n\r\nx"},
      {"a length that is none is sent to be refused",
       {"/", {}, {"Content-Length: x"}, {}, 8000},
       "GET / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const made = request_bytes(r.typed);
    auto const* const bytes = std::get_if<std::string>(&made);
    REQUIRE(bytes != nullptr);
    CHECK(*bytes == r.expected);
  }
}

TEST_CASE("what would be another request, or none, is refused in one line") {
  struct row {
    std::string_view label;
    typed_request typed;
    std::string_view says;
  };
  row const rows[] = {
      {"a space in the target", {.target = "/a b"}, "%20"},
      {"a line end in the target", {.target = "/a\r\nX: y"}, "control character"},
      {"a relative target", {.target = "cgi-bin/env.sh"}, "start with / or http://"},
      {"another scheme", {.target = "https://h/"}, "start with / or http://"},
      {"no host", {.target = "http:///a"}, "host"},
      {"a user", {.target = "http://u@h/a"}, "host"},
      {"two methods", {.target = "/", .method = "GET /x"}, "method"},
      {"no colon", {.target = "/", .fields = {"Accept"}}, "NAME: VALUE"},
      {"no name", {.target = "/", .fields = {": v"}}, "NAME: VALUE"},
      {"a line end in a field", {.target = "/", .fields = {"A: b\r\nC: d"}}, "control character"},
      {"a NUL in a field", {.target = "/", .fields = {"A: b\0"s}}, "control character"},
      {"the chunked coding",
       {.target = "/", .fields = {"transfer-encoding: chunked"}},
       "Content-Length"},
      {"a length too large",
       {.target = "/", .fields = {"Content-Length: 9"}, .body = "abc"},
       "3 bytes"},
      {"a length without a body", {.target = "/", .fields = {"Content-Length: 9"}}, "0 bytes"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const made = request_bytes(r.typed);
    auto const* const error = std::get_if<config::usage_error>(&made);
    REQUIRE(error != nullptr);
    CHECK(error->line.starts_with("gatehouse: "));
    CHECK(error->line.find('\n') == std::string::npos);
    CHECK(error->line.find(r.says) != std::string::npos);
  }
}
