#include "gatehouse/net/response_writer.hpp"

#include <doctest/doctest.h>

#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;
using net::framing;

namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

http::request ask(std::string const& request_line) {
  auto parsed = http::parse_request(request_line + "\r\nHost: h\r\n\r\n", 1000);
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

http::response with(unsigned status, http::body body = {}) {
  http::response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

http::stream endless(std::optional<std::uint64_t> length = {}) {
  return {std::make_unique<http::empty_body>(), length};
}

}  // namespace

TEST_CASE("a response is framed by what is known of its length and by whom it is for") {
  auto const get = ask("GET / HTTP/1.1");
  auto const head = ask("HEAD / HTTP/1.1");
  auto const old = ask("GET / HTTP/1.0");
  auto raw = with(200, endless());
  raw.raw = true;
  auto closing = with(200);
  closing.close = true;
  auto unsent = with(200);
  unsent.unsent_length = 7;
  struct row {
    std::string_view label;
    http::response response;
    http::request const* request;
    framing how;
    std::optional<std::uint64_t> length;
    bool keep_alive;
  };
  row rows[] = {
      {"no content", with(200), &get, framing::counted, 0, true},
      {"a buffer", with(200, http::make_buffer("abc")), &get, framing::counted, 3, true},
      {"a buffer for nobody known", with(400, http::make_buffer("abc")), nullptr, framing::counted,
       3, true},
      {"a stream with a length", with(200, endless(5)), &get, framing::counted, 5, true},
      {"a stream", with(200, endless()), &get, framing::chunked, {}, true},
      {"a stream for HTTP/1.0", with(200, endless()), &old, framing::until_close, {}, false},
      {"HEAD of a buffer", with(200, http::make_buffer("abc")), &head, framing::none, 3, true},
      {"HEAD of a stream", with(200, endless()), &head, framing::none, {}, true},
      {"HEAD of what would have had a length", std::move(unsent), &head, framing::none, 7, true},
      {"204", with(204, endless()), &get, framing::none, {}, true},
      {"304", with(304), &get, framing::none, {}, true},
      {"a response that closes", std::move(closing), &get, framing::counted, 0, false},
      {"a raw response", std::move(raw), &get, framing::until_close, {}, false},
  };
  for (row& r : rows) {
    CAPTURE(r.label);
    auto const plan = net::plan_response(r.response, r.request, true);
    CHECK(plan.how == r.how);
    CHECK((plan.length == r.length));
    CHECK(plan.keep_alive == r.keep_alive);
  }
}

TEST_CASE("a head has Date and Server, its fields, and how it is framed") {
  auto const get = ask("GET / HTTP/1.1");
  auto const old = ask("GET / HTTP/1.0");
  auto response = with(404, http::make_buffer("abc"));
  response.fields.add("X-A", "b");
  CHECK(net::response_head(response, {framing::counted, 3, true}, &get, date) ==
        "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: "
        "gatehouse/" GATEHOUSE_VERSION "\r\nX-A: b\r\nContent-Length: 3\r\n\r\n");
  response.phrase = "Gone fishing";
  response.fields.add("date", "mine");
  response.fields.add("SERVER", "other");
  CHECK(net::response_head(response, {framing::chunked, {}, false}, &get, date) ==
        "HTTP/1.1 404 Gone fishing\r\nX-A: b\r\ndate: mine\r\nSERVER: other\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  CHECK(net::response_head(with(204), {framing::none, {}, true}, &old, date)
            .ends_with("\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("field lines that are ready stand behind the other fields") {
  auto const get = ask("GET / HTTP/1.1");
  auto response = with(200, http::make_buffer("abc"));
  response.fields.add("X-A", "b");
  response.field_lines = http::make_buffer("ETag: \"t\"\r\nX-B: c\r\n");
  CHECK(net::response_head(response, {framing::counted, 3, true}, &get, date)
            .ends_with("\r\nX-A: b\r\nETag: \"t\"\r\nX-B: c\r\nContent-Length: 3\r\n\r\n"));
}
