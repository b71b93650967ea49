#include "gatehouse/net/in_process.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <new>
#include <stdexcept>

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

// Answers with what it was sent and by whom.
class echo final : public http::handler {
 public:
  base::task<http::outcome> handle(http::request const& request, http::body_source& body,
                                   http::exchange_context& context) override {
    std::string said = request.method + " from " + context.client().address() + ": ";
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

// Cannot go on.
class failing final : public http::handler {
 public:
  failing(bool at_once, bool out_of_memory) : at_once_(at_once), out_of_memory_(out_of_memory) {}
  std::optional<http::outcome> answer_at_once(http::request const&,
                                              http::exchange_context&) override {
    if (at_once_) fail();
    return std::nullopt;
  }
  base::task<http::outcome> handle(http::request const&, http::body_source&,
                                   http::exchange_context&) override {
    fail();
    co_return http::response{};
  }

 private:
  void fail() const {
    if (out_of_memory_) throw std::bad_alloc();
    throw std::runtime_error("broken");
  }
  bool at_once_;
  bool out_of_memory_;
};

net::in_process_answer ask(http::handler& handler, std::string request,
                           net::in_process_limits limits = {}) {
  auto const shared = std::make_shared<net::service>();
  auto& service = *shared;
  service.handler = &handler;
  service.render_error = [](http::http_error const& error, http::request const*, bool,
                            std::uint64_t) {
    http::response response;
    response.status = error.status;
    response.close = error.close;
    for (auto const& field : error.fields) response.fields.add(field.name, field.value);
    return response;
  };
  http::peer const client{{boost::asio::ip::address_v4::loopback(), 1234}, {}};
  boost::asio::io_context loop{1};
  net::in_process_answer out;
  boost::asio::co_spawn(
      loop, net::answer_in_process(shared, client, std::move(request), limits),
      [&](std::exception_ptr const& failed, base::result<net::in_process_answer> const& answer) {
        CHECK_FALSE(failed);
        REQUIRE(answer.has_value());
        out = *answer;
      });
  loop.run();
  return out;
}

net::in_process_answer ask(std::string request, net::in_process_limits limits = {}) {
  echo handler;
  return ask(handler, std::move(request), limits);
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

TEST_CASE("what a handler throws ends its exchange with an answer, and nothing else") {
  struct row {
    std::string_view label;
    bool at_once;
    bool out_of_memory;
    std::string_view status_line;
    bool retry_after;
  };
  row const rows[] = {
      {"no memory, at once", true, true, "HTTP/1.1 503 Service Unavailable\r\n", true},
      {"no memory, after a while", false, true, "HTTP/1.1 503 Service Unavailable\r\n", true},
      {"something else", false, false, "HTTP/1.1 500 Internal Server Error\r\n", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    failing handler(r.at_once, r.out_of_memory);
    auto const answer = ask(handler, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(answer.response.starts_with(r.status_line));
    CHECK((answer.response.find("\r\nRetry-After: 1\r\n") != std::string::npos) == r.retry_after);
    CHECK(answer.response.find("\r\nConnection: close\r\n") != std::string::npos);
  }
}
