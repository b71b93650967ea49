#include "gatehouse/net/client_watch.hpp"

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using steady = std::chrono::steady_clock;

namespace {

// How long a case waits for what is to happen, before it fails.
constexpr auto patience = 60s;

// A connection whose client is watched.
struct watched {
  explicit watched(boost::asio::io_context& loop)
      : client(loop.get_executor()), stream(accepted(loop), 64 * 1024) {
    watch.emplace(stream, watches, [this, &loop] {
      left_at = steady::now();
      ++times;
      loop.stop();
    });
    watch->start();
  }

  net::tcp_socket accepted(boost::asio::io_context& loop) {
    boost::asio::basic_socket_acceptor<tcp, base::executor> acceptor(
        loop.get_executor(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    client.connect(acceptor.local_endpoint());
    return acceptor.accept();
  }

  void half_close() { client.shutdown(tcp::socket::shutdown_send); }
  void reset() {
    client.set_option(boost::asio::socket_base::linger(true, 0));
    client.close();
  }

  net::tcp_socket client;
  net::client_stream stream;
  std::vector<net::client_watch*> watches;
  std::optional<net::client_watch> watch;
  std::optional<steady::time_point> left_at;
  int times = 0;
};

void run(boost::asio::io_context& loop, steady::duration time = patience) {
  loop.restart();
  loop.run_for(time);
}

}  // namespace

TEST_CASE("a client that closes its side is taken to have left a second later") {
  boost::asio::io_context loop{1};
  watched one(loop);
  auto const closed_at = steady::now();
  one.half_close();
  run(loop);
  REQUIRE(one.left_at);
  CHECK(*one.left_at - closed_at >= 1s);
  CHECK(one.times == 1);
}

TEST_CASE("a client that resets its connection has left before one that only closes its side") {
  boost::asio::io_context loop{1};
  watched closes(loop);
  watched resets(loop);
  closes.half_close();
  resets.reset();
  run(loop);
  CHECK(resets.left_at);
  CHECK_FALSE(closes.left_at);
  run(loop);
  CHECK(closes.left_at);
}

TEST_CASE("a client that leaves is noticed behind bytes that nobody has read") {
  for (bool const by_reset : {false, true}) {
    CAPTURE(by_reset);
    boost::asio::io_context loop{1};
    watched one(loop);
    boost::asio::write(one.client, boost::asio::buffer(std::string("GET / HTTP/1.1\r\n")));
    // Looked at, with the bytes there, and found to be there.
    run(loop, 2 * base::limits::unwatched_time);
    CHECK_FALSE(one.left_at);
    if (by_reset) {
      one.reset();
    } else {
      one.half_close();
    }
    run(loop);
    CHECK(one.left_at);
  }
}

TEST_CASE("nothing is said of a client that is no longer watched") {
  for (bool const is_looked_at : {false, true}) {
    CAPTURE(is_looked_at);
    boost::asio::io_context loop{1};
    watched one(loop);
    if (is_looked_at) {
      one.half_close();
      run(loop, 2 * base::limits::unwatched_time);
    }
    one.watch.reset();
    one.reset();
    run(loop, patience);
    CHECK(loop.stopped());  // nothing is left to wait for
    CHECK_FALSE(one.left_at);
  }
}

TEST_CASE("everybody who watches a client is told once that it has left") {
  boost::asio::io_context loop{1};
  watched one(loop);
  int told = 0;
  net::client_watch other(one.stream, one.watches, [&told] { ++told; });
  CHECK(one.watches.size() == 2);
  for (int i = 0; i < 2; ++i) {
    one.watch->notify();
    other.notify();
  }
  CHECK(one.times == 1);
  CHECK(told == 1);
}

TEST_CASE("an action may end its own watch") {
  boost::asio::io_context loop{1};
  watched one(loop);
  std::optional<net::client_watch> other;
  other.emplace(one.stream, one.watches, [&other] { other.reset(); });
  other->notify();
  CHECK(one.watches.size() == 1);
}
