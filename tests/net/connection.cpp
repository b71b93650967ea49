#include "gatehouse/net/connection.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "gatehouse/base/event.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

constexpr auto forever = 1h;

// Answers without reading what it is sent.
class refusing final : public http::handler {
 public:
  base::task<http::outcome> handle(http::request const&, http::body_source&,
                                   http::exchange_context&) override {
    http::response response;
    response.status = 405;
    co_return response;
  }
};

// Answers at once, and counts before how many of its answers others had their turn on the thread.
class counting final : public http::handler {
 public:
  std::optional<http::outcome> answer_at_once(http::request const&,
                                              http::exchange_context& context) override {
    if (std::exchange(others_ran_, false)) ++turns;
    boost::asio::post(context.get_executor(), [this] { others_ran_ = true; });
    return http::response{};
  }
  base::task<http::outcome> handle(http::request const&, http::body_source&,
                                   http::exchange_context&) override {
    co_return http::response{};
  }

  int turns = 0;

 private:
  bool others_ran_ = false;
};

// A connection and the socket of its client.
struct fixture {
  fixture(boost::asio::io_context& loop, net::service const& of)
      : client(loop.get_executor()),
        pause(loop.get_executor()),
        server(accepted(loop), std::make_shared<net::service const>(of)) {}

  net::tcp_socket accepted(boost::asio::io_context& loop) {
    boost::asio::basic_socket_acceptor<tcp, base::executor> acceptor(
        loop.get_executor(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    client.connect(acceptor.local_endpoint());
    return acceptor.accept();
  }

  base::task<bool> send(std::string bytes) {
    auto const [ec, size] =
        co_await boost::asio::async_write(client, boost::asio::buffer(bytes), base::as_result);
    co_return !ec;
  }

  // All that comes up to the end; nothing if that is a reset.
  base::task<std::optional<std::string>> read_to_end() {
    std::string all;
    std::array<char, 4096> buffer;
    while (true) {
      auto const [ec, size] =
          co_await client.async_read_some(boost::asio::buffer(buffer), base::as_result);
      all.append(buffer.data(), size);
      if (ec == boost::asio::error::eof) co_return all;
      if (ec) co_return std::nullopt;
    }
  }

  base::task<void> wait(std::chrono::milliseconds time) {
    pause.expires_after(time);
    co_await pause.async_wait(base::as_result);
  }

  net::tcp_socket client;
  base::timer pause;
  net::connection server;
};

// Serves one client to the connection's end, and runs the client to its own.
template <class Client>
void serve(http::handler& handler, net::connection_limits const& limits, Client client) {
  net::service service;
  service.handler = &handler;
  service.limits = limits;
  boost::asio::io_context loop{1};
  fixture f(loop, service);
  int left = 2;
  auto const on_end = [&](std::exception_ptr const& failure) {
    if (--left == 0) loop.stop();  // deadlines that were cleared are still waited for
    if (failure) std::rethrow_exception(failure);
  };
  boost::asio::co_spawn(loop, f.server.run(), on_end);
  boost::asio::co_spawn(loop, client(f), on_end);
  loop.run_for(20s);
  CHECK(left == 0);
}

net::connection_limits lingering(net::duration silence, net::duration in_all) {
  net::connection_limits limits;
  limits.linger_silence = silence;
  limits.linger_time = in_all;
  return limits;
}

std::string const head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";

}  // namespace

TEST_CASE("a closing connection is read for as long as its client goes on sending") {
  refusing handler;
  serve(handler, lingering(1s, forever), [](fixture& f) -> base::task<void> {
    bool sent = co_await f.send(head);
    for (int i = 0; i < 15; ++i) {
      co_await f.wait(100ms);
      sent = sent && co_await f.send("more");
    }
    CHECK(sent);
    f.client.shutdown(tcp::socket::shutdown_send);
    auto const answer = co_await f.read_to_end();
    REQUIRE(answer.has_value());
    CHECK(answer->starts_with("HTTP/1.1 405 "));
  });
}

TEST_CASE("a closing connection ends when its client is silent") {
  refusing handler;
  serve(handler, lingering(50ms, forever), [](fixture& f) -> base::task<void> {
    bool const sent = co_await f.send(head);
    CHECK(sent);
    auto const answer = co_await f.read_to_end();
    REQUIRE(answer.has_value());
    CHECK(answer->starts_with("HTTP/1.1 405 "));
  });
}

TEST_CASE("a closing connection ends although its client goes on sending without end") {
  refusing handler;
  serve(handler, lingering(forever, 100ms), [](fixture& f) -> base::task<void> {
    bool sent = co_await f.send(head);
    for (; sent; sent = co_await f.send("more")) co_await f.wait(5ms);
  });
}

TEST_CASE("others on the thread have their turn between requests that came together") {
  constexpr int requests = 20;
  counting handler;
  serve(handler, {}, [](fixture& f) -> base::task<void> {
    std::string all;
    for (int i = 0; i < requests; ++i) all += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    bool const sent = co_await f.send(all);
    CHECK(sent);
    f.client.shutdown(tcp::socket::shutdown_send);
    auto const answers = co_await f.read_to_end();
    CHECK(answers.has_value());
  });
  CHECK(handler.turns == requests - 1);
}
