#include "gatehouse/net/connection.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "gatehouse/base/event.hpp"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

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

// Answers at once with the size of the request's fields.
class measuring final : public http::handler {
 public:
  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context&) override {
    std::size_t size = 0;
    for (auto const field : request.fields) size += field.name.size() + field.value.size();
    http::response response;
    response.body = http::make_buffer(std::to_string(size));
    return response;
  }
  base::task<http::outcome> handle(http::request const&, http::body_source&,
                                   http::exchange_context&) override {
    co_return http::response{};
  }
};

// Throws while a coroutine of its own reads the body; it cancels that, as its parts do when they
// are destroyed.
class leaving_a_reader final : public http::handler {
 public:
  base::task<http::outcome> handle(http::request const&, http::body_source& body,
                                   http::exchange_context& context) override {
    boost::asio::co_spawn(
        context.get_executor(), read(body, ended),
        boost::asio::bind_cancellation_slot(cancel_.slot(), boost::asio::detached));
    co_await boost::asio::post(context.get_executor(), base::as_result);
    cancel_.emit(boost::asio::cancellation_type::all);
    throw std::runtime_error("left in the middle");
  }

  bool ended = false;

 private:
  static base::task<void> read(http::body_source& body, bool& ended) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    std::array<char, 100> buffer;
    auto const got = co_await body.read_some(boost::asio::buffer(buffer));
    CHECK(got.has_error());
    ended = true;
  }
  boost::asio::cancellation_signal cancel_;
};

// How often the process called epoll_ctl.
std::atomic<int> epoll_ctl_calls = 0;

// A connection and the socket of its client.
struct fixture : net::connection_watch {
  fixture(boost::asio::io_context& loop, net::service const& of)
      : client(loop.get_executor()),
        pause(loop.get_executor()),
        server(accepted(loop), std::make_shared<net::service const>(of), {}) {}

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

  void entered(net::stage now) override { stage = now; }
  void ended() override { on_end(nullptr); }
  void failed(std::string_view why) noexcept override {
    on_end(std::make_exception_ptr(std::runtime_error(std::string(why))));
  }

  // Sends a request and reads the answer, which is shorter than a piece that is read.
  base::task<std::string> ask(std::string fields) {
    bool const sent = co_await send("GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    CHECK(sent);
    std::array<char, 4096> buffer;
    auto const [ec, size] =
        co_await client.async_read_some(boost::asio::buffer(buffer), base::as_result);
    CHECK_FALSE(ec);
    co_return std::string(buffer.data(), size);
  }

  net::tcp_socket client;
  base::timer pause;
  net::connection server;
  net::stage stage = net::stage::idle;
  std::function<void(std::exception_ptr const&)> on_end;
};

// Serves one client to the connection's end, and runs the client to its own.
template <class Client>
void serve(http::handler& handler, net::connection_limits const& limits, Client client,
           std::function<void()> when_answered = nullptr) {
  net::service service;
  service.handler = &handler;
  service.render_error = [&](http::http_error const& error, http::request const*, bool,
                             std::uint64_t) {
    if (when_answered) when_answered();
    http::response response;
    response.status = error.status;
    return response;
  };
  service.limits = limits;
  boost::asio::io_context loop{1};
  fixture f(loop, service);
  int left = 2;
  auto const on_end = [&](std::exception_ptr const& failure) {
    if (--left == 0) loop.stop();  // deadlines that were cleared are still waited for
    if (failure) std::rethrow_exception(failure);
  };
  f.on_end = on_end;
  f.server.start(f);
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

std::string const post_head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";

}  // namespace

// In place of the C library's, to be counted.
extern "C" int epoll_ctl(int epoll, int what, int fd, epoll_event* event) noexcept {
  ++epoll_ctl_calls;
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, what, fd, event));
}

TEST_CASE("a closing connection is read for as long as its client goes on sending") {
  refusing handler;
  serve(handler, lingering(1s, forever), [](fixture& f) -> base::task<void> {
    bool sent = co_await f.send(post_head);
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
    bool const sent = co_await f.send(post_head);
    CHECK(sent);
    auto const answer = co_await f.read_to_end();
    REQUIRE(answer.has_value());
    CHECK(answer->starts_with("HTTP/1.1 405 "));
  });
}

TEST_CASE("a closing connection ends although its client goes on sending without end") {
  refusing handler;
  serve(handler, lingering(forever, 100ms), [](fixture& f) -> base::task<void> {
    bool sent = co_await f.send(post_head);
    for (; sent; sent = co_await f.send("more")) co_await f.wait(5ms);
  });
}

TEST_CASE("a head has one time in all, also when its bytes come without a pause") {
  refusing handler;
  auto limits = lingering(50ms, forever);
  limits.header_timeout = 1ms;
  serve(handler, limits, [](fixture& f) -> base::task<void> {
    bool sent = co_await f.send("GET / HTTP/1.1\r\nX: ");
    while (sent && f.client.available() == 0) sent = co_await f.send("y");
    auto const answer = co_await f.read_to_end();
    REQUIRE(answer.has_value());
    CHECK(answer->starts_with("HTTP/1.1 408 "));
  });
}

TEST_CASE("what a handler leaves behind that throws has ended before its exchange goes on") {
  leaving_a_reader handler;
  bool in_time = false;
  serve(
      handler, lingering(50ms, forever),
      [](fixture& f) -> base::task<void> {
        bool const sent = co_await f.send(post_head);
        CHECK(sent);
        auto const answer = co_await f.read_to_end();
        REQUIRE(answer.has_value());
        CHECK(answer->starts_with("HTTP/1.1 500 "));
      },
      [&] { in_time = handler.ended; });
  CHECK(in_time);
}

TEST_CASE("a server that stops does not wait for long for a client that has its last answer") {
  measuring handler;
  serve(handler, lingering(forever, forever), [](fixture& f) -> base::task<void> {
    auto const answer = co_await f.ask("Connection: close\r\n");
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    while (f.stage != net::stage::leaving) co_await f.wait(1ms);
    f.server.finish_soon();
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

TEST_CASE("a request on a connection that was kept costs no epoll_ctl") {
  measuring handler;
  serve(handler, {}, [](fixture& f) -> base::task<void> {
    auto const first = co_await f.ask("");
    CHECK(first.starts_with("HTTP/1.1 200 "));
    int const before = epoll_ctl_calls;
    for (int i = 0; i < 50; ++i) {
      co_await f.wait(1ms);  // so that the connection waits for it
      auto const answer = co_await f.ask("");
      CHECK(answer.starts_with("HTTP/1.1 200 "));
    }
    CHECK(epoll_ctl_calls - before == 0);
    CHECK(f.stage == net::stage::idle);
    f.client.close();
  });
}

TEST_CASE("a head is read whole that is longer than what an idle connection reads") {
  measuring handler;
  serve(handler, {}, [](fixture& f) -> base::task<void> {
    constexpr std::size_t of_host = 5;  // "Host" and "h"
    for (std::size_t const size : {10UL, 450UL, 511UL, 512UL, 513UL, 5000UL, 20000UL, 10UL}) {
      auto const answer = co_await f.ask("X: " + std::string(size, 'x') + "\r\n");
      CHECK(answer.ends_with("\r\n\r\n" + std::to_string(of_host + 1 + size)));
    }
    f.client.close();
  });
}

TEST_CASE("a head that comes byte by byte is answered") {
  measuring handler;
  serve(handler, {}, [](fixture& f) -> base::task<void> {
    std::string const request = "\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for (char const byte : request) {
      bool const sent = co_await f.send(std::string(1, byte));
      CHECK(sent);
      co_await f.wait(1ms);
    }
    auto const answer = co_await f.read_to_end();
    REQUIRE(answer.has_value());
    CHECK(answer->starts_with("HTTP/1.1 200 "));
  });
}

TEST_CASE("a connection that is to end soon ends when it is idle") {
  measuring handler;
  serve(handler, {}, [](fixture& f) -> base::task<void> {
    auto const answer = co_await f.ask("");
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    f.server.finish_soon();
    auto const rest = co_await f.read_to_end();
    CHECK(rest == "");
  });
}

TEST_CASE("a connection that is to end soon still answers what has come") {
  measuring handler;
  serve(handler, {}, [](fixture& f) -> base::task<void> {
    bool const sent = co_await f.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(sent);
    f.server.finish_soon();
    auto const answer = co_await f.read_to_end();
    REQUIRE(answer.has_value());
    CHECK(answer->starts_with("HTTP/1.1 200 "));
    CHECK(answer->find("Connection: close\r\n") != std::string::npos);
  });
}

TEST_CASE("an empty line alone does not keep a connection that is to end soon") {
  measuring handler;
  serve(handler, {}, [](fixture& f) -> base::task<void> {
    bool const sent = co_await f.send("\r");
    CHECK(sent);
    co_await f.wait(10ms);
    f.server.finish_soon();
    auto const rest = co_await f.read_to_end();
    CHECK(rest == "");
  });
}
