#include "gatehouse/net/conversation.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

// Answers with what it was sent and by whom.
class echo final : public http::handler {
 public:
  base::task<http::outcome> handle(http::request const& request, http::body_source& body,
                                   http::exchange_context& context) override {
    std::string said = request.method + " from " + context.remote().address().to_string() + ": ";
    std::array<char, 100> buffer;
    while (true) {
      auto const read = co_await body.read_some(boost::asio::buffer(buffer));
      if (read.has_error() || *read == 0) break;
      said.append(buffer.data(), *read);
    }
    http::response response;
    response.body = http::make_buffer(said);
    co_return response;
  }
};

net::conversation ask(std::string request, net::conversation_limits limits = {}) {
  echo handler;
  auto const shared = std::make_shared<net::service>();
  auto& service = *shared;
  service.handler = &handler;
  service.render_error = [](http::http_error const& error, http::request const*, bool) {
    http::response response;
    response.status = error.status;
    return response;
  };
  net::connection_ends const ends{{boost::asio::ip::address_v4::loopback(), 1234}, {}};
  boost::asio::io_context loop{1};
  net::conversation out;
  boost::asio::co_spawn(
      loop, net::converse(shared, ends, std::move(request), limits),
      [&](std::exception_ptr const& failed, base::result<net::conversation> const& answer) {
        CHECK_FALSE(failed);
        REQUIRE(answer.has_value());
        out = *answer;
      });
  loop.run();
  return out;
}

}  // namespace

TEST_CASE("a request is answered without a network as it would be over one") {
  auto const answer = ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(answer.response.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.response.ends_with("\r\n\r\nPOST from 127.0.0.1: hello"));
  CHECK(answer.response.find("Connection: close") == std::string::npos);
  CHECK(answer.size == answer.response.size());
  CHECK_FALSE(answer.cut);
  CHECK(answer.exchange > 0);
}

TEST_CASE("of several requests the first is answered") {
  std::string const one = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
  auto const answer = ask(one + one);
  CHECK(answer.response.find("HTTP/1.1 200") == 0);
  CHECK(answer.response.find("HTTP/1.1 200", 1) == std::string::npos);
}

TEST_CASE("a head that does not end is refused after its time") {
  auto const answer = ask("GET / HTTP/1.1\r\nHost", {.for_head = 50ms});
  CHECK(answer.response.starts_with("HTTP/1.1 408 "));
}

TEST_CASE("a body that does not come is given up after the time for all") {
  auto const answer =
      ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", {.in_all = 50ms});
  CHECK(answer.cut);
}

TEST_CASE("of a long response the first part is kept") {
  auto const answer = ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n", {.kept_bytes = 8});
  CHECK(answer.response == "HTTP/1.1");
  CHECK(answer.size > 8);
}
