#include "gatehouse/net/refused_clients.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <vector>

using namespace gatehouse;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using net::refused_clients;
using socket_type = boost::asio::basic_stream_socket<tcp, base::executor>;
using acceptor_type = boost::asio::basic_socket_acceptor<tcp, base::executor>;

namespace {

constexpr auto loopback = boost::asio::ip::address_v4::loopback;
// How long a case waits for what is to happen, before it fails.
constexpr auto patience = 60s;

http::response page(http::http_error const& error, http::request const*, bool, std::uint64_t) {
  http::response response;
  response.status = error.status;
  response.close = error.close;
  for (auto const& field : error.fields) response.fields.add(field.name, field.value);
  response.body = http::make_buffer("refused: " + std::string(error.reason));
  return response;
}

bool is_open(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) != -1;
}

// Returns when this end of a connection has heard that the other one sends no more.
void await_end(int descriptor) {
  pollfd end{descriptor, POLLRDHUP, 0};
  REQUIRE(::poll(&end, 1, std::chrono::milliseconds(patience).count()) == 1);
}

// Both ends of a connection: the client's, and the server's until it is refused. After that its
// number is known.
struct visitor {
  explicit visitor(boost::asio::io_context& loop) : client(loop.get_executor()) {
    acceptor_type acceptor(loop.get_executor(), tcp::endpoint(loopback(), 0));
    client.connect(acceptor.local_endpoint());
    auto accepted = acceptor.accept();
    accepted.native_non_blocking(true);
    descriptor = accepted.release();
    server.reset(descriptor);
  }

  void be_refused(refused_clients& by,
                  refused_clients::patience how = refused_clients::patience::some) {
    by.refuse(std::move(server), loopback(), "connection-limit", how);
  }

  bool is_kept() const { return is_open(descriptor); }

  // All that the client is sent, up to the connection's end in good order.
  std::string answer() {
    await_end(client.native_handle());
    std::string out;
    boost::system::error_code ec;
    boost::asio::read(client, boost::asio::dynamic_buffer(out), ec);
    CHECK(ec == boost::asio::error::eof);
    return out;
  }

  // Closes the client's end, and returns when the server's has heard of it.
  void leave() {
    client.close();
    await_end(descriptor);
  }

  socket_type client;
  base::unique_fd server;
  int descriptor = -1;
};

void check_refusal(std::string const& answer) {
  CHECK(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(answer.find("\r\nRetry-After: 1\r\n") != std::string::npos);
  CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(answer.ends_with("\r\n\r\nrefused: connection-limit"));
}

}  // namespace

TEST_CASE("a refused client reads its answer, and is let go when its time is over") {
  boost::asio::io_context loop{1};
  refused_clients refused(loop.get_executor(), page);
  visitor one(loop);
  one.be_refused(refused);
  CHECK(refused.size() == 1);
  // A request that is still on its way, which would reset a connection that is closed.
  boost::asio::write(one.client, boost::asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
  loop.run_for(patience);
  CHECK(loop.stopped());
  CHECK(refused.size() == 0);
  CHECK_FALSE(one.is_kept());
  check_refusal(one.answer());
}

TEST_CASE("without patience a refused client is answered and closed at once") {
  boost::asio::io_context loop{1};
  refused_clients refused(loop.get_executor(), page);
  visitor one(loop);
  one.be_refused(refused, refused_clients::patience::none);
  CHECK(refused.size() == 0);
  CHECK_FALSE(one.is_kept());
  check_refusal(one.answer());
}

TEST_CASE("a client that has left before it is refused is not kept") {
  boost::asio::io_context loop{1};
  refused_clients refused(loop.get_executor(), page);
  visitor one(loop);
  one.leave();
  one.be_refused(refused);
  CHECK(refused.size() == 0);
  CHECK_FALSE(one.is_kept());
}

TEST_CASE("a refused client that leaves is let go before those who stay") {
  bool seen = false;
  // Again if this process stood still until the time of both was over.
  for (int attempt = 0; attempt < 5 && !seen; ++attempt) {
    boost::asio::io_context loop{1};
    refused_clients refused(loop.get_executor(), page);
    visitor leaves(loop);
    visitor stays(loop);
    leaves.be_refused(refused);
    stays.be_refused(refused);
    leaves.leave();
    while (refused.size() == 2) REQUIRE(loop.run_one_for(patience) == 1);
    seen = !leaves.is_kept() && stays.is_kept() && refused.size() == 1;
  }
  CHECK(seen);
}

TEST_CASE("no more than so many refused clients are kept: the first ones make room") {
  boost::asio::io_context loop{1};
  refused_clients refused(loop.get_executor(), page);
  constexpr std::size_t more = 3;
  std::vector<visitor> all;
  for (std::size_t i = 0; i < base::limits::refused_clients + more; ++i) all.emplace_back(loop);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].be_refused(refused);
    CHECK(refused.size() == std::min(i + 1, base::limits::refused_clients));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    CHECK(all[i].is_kept() == (i >= more));
  }
  for (std::size_t const i : {std::size_t{0}, more, all.size() - 1}) check_refusal(all[i].answer());
}

TEST_CASE("refused clients go when it stops, and more may be refused then") {
  boost::asio::io_context loop{1};
  refused_clients refused(loop.get_executor(), page);
  std::array<visitor, 3> all{visitor(loop), visitor(loop), visitor(loop)};
  all[0].be_refused(refused);
  all[1].be_refused(refused);
  refused.stop();
  CHECK(refused.size() == 0);
  CHECK_FALSE(all[0].is_kept());
  CHECK_FALSE(all[1].is_kept());

  all[2].be_refused(refused);
  CHECK(refused.size() == 1);
  loop.run_for(patience);
  CHECK(refused.size() == 0);
  CHECK_FALSE(all[2].is_kept());
  check_refusal(all[2].answer());
}
