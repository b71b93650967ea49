#include "gatehouse/net/listener.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <array>
#include <boost/asio/read.hpp>
#include <string>
#include <vector>

#include "../open_descriptors.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using boost::asio::ip::tcp;

namespace {

constexpr auto loopback = boost::asio::ip::address_v4::loopback;

http::response page(http::http_error const& error, http::request const*, bool, std::uint64_t) {
  http::response response;
  response.status = error.status;
  response.close = error.close;
  response.body = http::make_buffer(std::string(error.reason));
  return response;
}

void settle(boost::asio::io_context& loop) {
  loop.restart();
  loop.poll();
}

// A listener and its connections, each on a loop of its own that runs when the case says so. Nobody
// asks for anything: all connections wait for a request.
struct world {
  explicit world(std::size_t limit)
      : places({.connections = limit}),
        set(theirs.get_executor(), std::make_shared<net::service>()),
        listener(ours.get_executor(), {&set}, places, page) {
    REQUIRE_FALSE(listener.adopt(net::listen_at({loopback(), 0}).value()));
    listener.start();
  }
  ~world() {
    listener.stop();
    set.cut();
    settle(ours);
    settle(theirs);
    CHECK(set.size() == 0);
    CHECK(places.size() == 0);
  }

  // More clients, which the listener hears of; their connections do not run meanwhile.
  void connect(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      clients.emplace_back(ours).connect(listener.endpoints().front());
    }
    settle(ours);
  }

  // How many of the clients have something to read, which is a refusal here or a connection's end.
  std::size_t told() const {
    std::size_t out = 0;
    for (auto const& c : clients) {
      pollfd readable{const_cast<tcp::socket&>(c).native_handle(), POLLIN, 0};
      out += ::poll(&readable, 1, 0) == 1 ? 1U : 0U;
    }
    return out;
  }

  boost::asio::io_context ours{1};
  boost::asio::io_context theirs{1};
  net::admission places;
  net::connection_set set;
  net::listener listener;
  std::vector<tcp::socket> clients;
};

}  // namespace

TEST_CASE("a crowd is taken beyond the limit only by a few, until room was made for it") {
  constexpr std::size_t limit = 100;
  constexpr auto beyond = base::limits::connections_over_limit;
  world w(limit);
  w.connect(limit);
  settle(w.theirs);
  CHECK(w.set.size() == limit);
  CHECK(w.told() == 0);
  w.connect(limit);
  CHECK(w.places.size() == limit + beyond);
  CHECK(w.told() == limit - beyond);  // the others are refused, and those who make room still there
  settle(w.theirs);
  CHECK(w.places.size() == limit);
  CHECK(w.told() == limit);
}

TEST_CASE("nobody makes room twice: of those who wait, one goes for each that is taken") {
  world w(3);
  w.connect(3);
  settle(w.theirs);
  w.connect(5);
  CHECK(w.places.size() == 6);
  CHECK(w.told() == 2);
  settle(w.theirs);
  CHECK(w.places.size() == 3);
  CHECK(w.told() == 5);
}

TEST_CASE("a listener that is open has opened all that it keeps") {
  boost::asio::io_context loop{1};
  net::admission places({.connections = 1});
  net::listener one(loop.get_executor(), {}, places, page);
  REQUIRE_FALSE(one.adopt(net::listen_at({loopback(), 0}).value()));
  auto const before = tests::open_descriptors();
  one.start();
  settle(loop);
  CHECK(tests::open_descriptors() == before);
  one.stop();
  settle(loop);
}
