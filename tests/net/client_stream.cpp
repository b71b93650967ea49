#include "gatehouse/net/client_stream.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <string>
#include <vector>

#include "gatehouse/base/event.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

using slow_reader = net::client_stream::slow_reader;

constexpr auto forever = 1h;

// The server's end of a connection, with a buffer of a known size, and a client that reads nothing
// by itself.
struct fixture {
  fixture(boost::asio::io_context& loop, net::rate_rule rule)
      : client(loop.get_executor()),
        pause(loop.get_executor()),
        stream(accepted(loop), 64 * 1024, rule) {}

  net::tcp_socket accepted(boost::asio::io_context& loop) {
    boost::asio::basic_socket_acceptor<tcp, base::executor> acceptor(
        loop.get_executor(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    client.open(tcp::v4());
    client.set_option(boost::asio::socket_base::receive_buffer_size(16 * 1024));
    client.connect(acceptor.local_endpoint());
    auto socket = acceptor.accept();
    socket.native_non_blocking(true);
    socket.set_option(boost::asio::socket_base::send_buffer_size(1024 * 1024));
    return socket;
  }

  base::task<void> wait(std::chrono::milliseconds time) {
    pause.expires_after(time);
    co_await pause.async_wait(base::as_result);
  }

  net::tcp_socket client;
  base::timer pause;
  net::client_stream stream;
  bool over = false;
};

// Both coroutines to their end.
template <class Server, class Client>
void run(net::rate_rule rule, Server server, Client client) {
  boost::asio::io_context loop{1};
  fixture f(loop, rule);
  int left = 2;
  auto const on_end = [&](std::exception_ptr const& failure) {
    if (--left == 0) loop.stop();  // deadlines that were cleared are still waited for
    if (failure) std::rethrow_exception(failure);
  };
  boost::asio::co_spawn(loop, server(f), on_end);
  boost::asio::co_spawn(loop, client(f), on_end);
  loop.run();
}

base::task<base::error_code> send(net::client_stream& stream, std::string const& bytes,
                                  net::duration limit) {
  std::array<boost::asio::const_buffer, 1> buffers{boost::asio::buffer(bytes)};
  std::uint64_t written = 0;
  auto const error = co_await stream.write(buffers, limit, written);
  co_return error;
}

base::task<void> does_nothing(fixture&) {
  co_return;
}

}  // namespace

TEST_CASE("a client that reads slowly all the while is not let go") {
  // A third of the socket's buffer takes longer than the limit to be read.
  std::string const bytes(3 * 1024 * 1024, 'x');
  auto const limit = 500ms;
  auto const server = [&](fixture& f) -> base::task<void> {
    auto const error = co_await send(f.stream, bytes, limit);
    CHECK_FALSE(error);
    CHECK(f.stream.reader_was_slow() == slow_reader::no);
    f.stream.shutdown_send();
  };
  std::size_t got = 0;
  auto const client = [&](fixture& f) -> base::task<void> {
    std::array<char, 8 * 1024> buffer;
    while (true) {
      auto const [ec, size] =
          co_await f.client.async_read_some(boost::asio::buffer(buffer), base::as_result);
      got += size;
      if (ec) co_return;
      co_await f.wait(10ms);
    }
  };
  SUBCASE("without a rate") {
    run({}, server, client);
  }
  SUBCASE("with a rate that it keeps up with") {
    run({.least_bytes_per_second = 100'000, .grace = limit}, server, client);
  }
  CHECK(got == bytes.size());
}

TEST_CASE("a client that reads nothing, or too little, is too slow") {
  std::string const bytes(8 * 1024 * 1024, 'x');
  struct row {
    std::string_view label;
    net::rate_rule rule;
    net::duration limit;
    std::chrono::milliseconds pause;  // of the client, between bytes
    slow_reader how;
    std::string_view reason;
  };
  row const rows[] = {
      {"nothing at all, without a rate",
       {},
       300ms,
       1h,
       slow_reader::takes_nothing,
       "reader-timeout"},
      {"nothing at all, with one",
       {.least_bytes_per_second = 1, .grace = 300ms},
       forever,
       1h,
       slow_reader::below_rate,
       "reader-too-slow"},
      {"a byte now and then",
       {.least_bytes_per_second = 100'000'000, .grace = 300ms},
       forever,
       20ms,
       slow_reader::below_rate,
       "reader-too-slow"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    run(
        r.rule,
        [&](fixture& f) -> base::task<void> {
          auto const error = co_await send(f.stream, bytes, r.limit);
          CHECK(error == base::errc::too_slow);
          CHECK(f.stream.reader_was_slow() == r.how);
          CHECK(f.stream.slow_reason() == r.reason);
          f.stream.reset_on_close();
          f.stream.close();
          f.over = true;
          f.pause.cancel();
        },
        [&](fixture& f) -> base::task<void> {
          std::array<char, 1> buffer;
          while (true) {
            co_await f.wait(r.pause);
            if (f.over) co_return;
            auto const [ec, size] =
                co_await f.client.async_read_some(boost::asio::buffer(buffer), base::as_result);
            if (ec) co_return;
          }
        });
  }
}

TEST_CASE("of what is sent to a client that reads nothing, little waits in the kernel") {
  // The socket's buffer would take more than a MiB.
  std::string const bytes(8 * 1024 * 1024, 'x');
  run(
      {},
      [&](fixture& f) -> base::task<void> {
        std::array<boost::asio::const_buffer, 1> buffers{boost::asio::buffer(bytes)};
        std::uint64_t written = 0;
        auto const error = co_await f.stream.write(buffers, 100ms, written);
        CHECK(error == base::errc::too_slow);
        CHECK(written < 512 * 1024);
        f.stream.reset_on_close();
        f.stream.close();
      },
      does_nothing);
}

TEST_CASE("a client that sends too little is too slow, by each way of reading") {
  net::rate_rule const rule{.least_bytes_per_second = 100'000, .grace = 300ms};
  enum class way { fill, read };
  for (way const how : {way::fill, way::read}) {
    CAPTURE(static_cast<int>(how));
    run(
        rule,
        [&](fixture& f) -> base::task<void> {
          std::array<char, 100> buffer;
          base::error_code error;
          while (!error) {
            base::result<std::size_t> got = std::size_t{0};
            if (how == way::fill) {
              got = co_await f.stream.fill(forever);
              f.stream.consume(f.stream.buffered().size());
            } else {
              got = co_await f.stream.read_some(boost::asio::buffer(buffer), forever);
            }
            if (got.has_error()) error = got.error();
          }
          CHECK(error == base::errc::too_slow);
          CHECK(f.stream.reader_was_slow() == slow_reader::no);
          CHECK(f.stream.slow_reason() == "body-too-slow");
          f.stream.close();
        },
        [](fixture& f) -> base::task<void> {
          std::string const byte = "x";
          while (true) {
            co_await f.wait(20ms);
            auto const [ec, size] = co_await boost::asio::async_write(
                f.client, boost::asio::buffer(byte), base::as_result);
            if (ec) co_return;
          }
        });
  }
}

TEST_CASE("a wait in which nothing is due has only its own limit") {
  run(
      {.least_bytes_per_second = 1000, .grace = 20ms},
      [](fixture& f) -> base::task<void> {
        auto const began = std::chrono::steady_clock::now();
        base::event over(f.stream.get_executor());
        base::error_code error;
        f.stream.await_request(200ms, [&](base::error_code const& why) {
          error = why;
          over.set();
        });
        co_await over.wait();
        CHECK(error == base::errc::timed_out);
        CHECK(std::chrono::steady_clock::now() - began >= 200ms);
        // And it was not held against the client.
        f.stream.begin_exchange();
        boost::asio::write(f.client, boost::asio::buffer("x", 1));
        auto const got = co_await f.stream.fill(forever);
        CHECK((got.has_value() && *got == 1));
      },
      does_nothing);
}
