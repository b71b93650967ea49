#include "gatehouse/net/transport.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gatehouse/base/unique_fd.hpp"

using namespace gatehouse;
using boost::asio::ip::tcp;
using presence = net::transport::presence;

namespace {

net::tcp_socket connected_to(net::tcp_socket& client) {
  auto const executor = client.get_executor();
  boost::asio::basic_socket_acceptor<tcp, base::executor> acceptor(
      executor, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  client.connect(acceptor.local_endpoint());
  return acceptor.accept();
}

// A transport and the client at its other end.
struct fixture {
  fixture() : client(loop.get_executor()), server(connected_to(client)) { server.prepare(); }

  // Until something, or the end of the stream, has come.
  void wait_for_input() {
    ::pollfd input{.fd = server.socket().native_handle(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&input, 1, 10'000) == 1);
  }
  void client_sends(std::string_view bytes) {
    client.send(boost::asio::buffer(bytes));
    wait_for_input();
  }
  std::string client_reads(std::size_t size) {
    std::string got(size, '\0');
    std::size_t have = 0;
    while (have < size) have += client.receive(boost::asio::buffer(got.data() + have, size - have));
    return got;
  }

  boost::asio::io_context loop{1};
  net::tcp_socket client;
  net::transport server;
};

}  // namespace

TEST_CASE("what is there is read without waiting for more") {
  fixture f;
  std::array<char, 16> buffer{};
  auto const nothing = f.server.read_at_once(boost::asio::buffer(buffer));
  REQUIRE(nothing.has_value());
  CHECK_FALSE(nothing->has_value());
  f.client_sends("hello");
  CHECK(f.server.unread() == 5);
  auto const some = f.server.read_at_once(boost::asio::buffer(buffer));
  REQUIRE(some.has_value());
  CHECK(*some == 5);
  f.client.shutdown(tcp::socket::shutdown_send);
  f.wait_for_input();
  auto const end = f.server.read_at_once(boost::asio::buffer(buffer));
  REQUIRE(end.has_value());
  CHECK(*end == 0);
}

TEST_CASE("several buffers are written as one") {
  fixture f;
  std::array<boost::asio::const_buffer, 2> const buffers{boost::asio::buffer("he", 2),
                                                         boost::asio::buffer("llo", 3)};
  CHECK(f.server.write_at_once(buffers) == 5);
  CHECK(f.client_reads(5) == "hello");
}

TEST_CASE("a client that has closed its side is told from one that is gone, behind unread bytes") {
  fixture f;
  CHECK(f.server.look() == presence::here);
  f.client_sends("unread");
  CHECK(f.server.look() == presence::here);
  f.client.shutdown(tcp::socket::shutdown_send);
  CHECK(f.server.look() == presence::closed_its_side);
  f.client.set_option(boost::asio::socket_base::linger(true, 0));
  f.client.close();
  CHECK(f.server.look() == presence::gone);
}

TEST_CASE("the other end of a Unix socket is looked at, too") {
  boost::asio::io_context loop{1};
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  base::unique_fd other(ends[1]);
  net::tcp_socket socket(loop.get_executor());
  socket.assign(tcp::v4(), ends[0]);
  net::transport one(std::move(socket));
  CHECK(one.look() == presence::here);
  REQUIRE(::shutdown(other.get(), SHUT_WR) == 0);
  CHECK(one.look() == presence::closed_its_side);
  other.reset();
  CHECK(one.look() == presence::gone);
}

TEST_CASE("the kernel moves bytes to a pipe, and those of a file to the client") {
  fixture f;
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  base::unique_fd const out(ends[0]);
  base::unique_fd const in(ends[1]);
  f.client_sends("through");
  CHECK(f.server.move_to_pipe(in.get(), 100) == 7U);
  std::array<char, 16> piped{};
  CHECK(::read(out.get(), piped.data(), piped.size()) == 7);

  std::string name = "/tmp/gatehouse-transport-XXXXXX";
  base::unique_fd const file(::mkostemp(name.data(), O_CLOEXEC));
  REQUIRE(file);
  ::unlink(name.c_str());
  REQUIRE(::write(file.get(), "0123456789", 10) == 10);
  off_t at = 3;
  CHECK(f.server.move_from_file(file.get(), at, 4) == 4U);
  CHECK(at == 7);
  CHECK(f.client_reads(4) == "3456");
}

TEST_CASE("a close that is a reset drops what was not taken") {
  fixture f;
  f.server.reset_on_close();
  f.server.close();
  std::array<char, 1> byte{};
  boost::system::error_code ec;
  f.client.receive(boost::asio::buffer(byte), 0, ec);
  CHECK(ec == boost::asio::error::connection_reset);
}
