#include "gatehouse/net/listening_socket.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

using namespace gatehouse;
using boost::asio::ip::tcp;

namespace {

tcp::endpoint const any_port{boost::asio::ip::address_v4::loopback(), 0};

// A client that has been connected, from the client's side.
base::unique_fd connected_to(tcp::endpoint const& where) {
  base::unique_fd out(::socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(out.get(), where.data(), static_cast<socklen_t>(where.size())) == 0);
  return out;
}

}  // namespace

TEST_CASE("a listening socket accepts who has connected, and says so when nobody has") {
  boost::asio::io_context loop;
  net::listening_socket s(loop.get_executor());
  REQUIRE_FALSE(s.open(any_port));
  CHECK(s.endpoint().port() != 0);
  CHECK(s.accept().error() == boost::system::errc::operation_would_block);
  auto const client = connected_to(s.endpoint());
  auto const accepted = s.accept();
  REQUIRE(accepted.has_value());
  CHECK(accepted->from.address().is_loopback());
  CHECK((::fcntl(accepted->socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(s.native_handle(), F_GETFD) & FD_CLOEXEC) != 0);
  s.close();
  CHECK(s.native_handle() == -1);
}

TEST_CASE("an address that is in use is an error, and leaves nothing open") {
  boost::asio::io_context loop;
  net::listening_socket first(loop.get_executor());
  REQUIRE_FALSE(first.open(any_port));
  net::listening_socket second(loop.get_executor());
  CHECK(second.open(first.endpoint()) == boost::system::errc::address_in_use);
  CHECK(second.native_handle() == -1);
}

TEST_CASE("only a TCP socket that listens is adopted") {
  boost::asio::io_context loop;
  net::listening_socket first(loop.get_executor());
  REQUIRE_FALSE(first.open(any_port));
  base::unique_fd copy(::fcntl(first.native_handle(), F_DUPFD_CLOEXEC, 3));
  net::listening_socket second(loop.get_executor());
  REQUIRE_FALSE(second.adopt(std::move(copy)));
  CHECK(second.endpoint() == first.endpoint());
  first.close();
  auto const client = connected_to(second.endpoint());
  CHECK(second.accept().has_value());

  auto const invalid = make_error_code(boost::system::errc::invalid_argument);
  net::listening_socket third(loop.get_executor());
  CHECK(third.adopt(base::unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))) == invalid);
  CHECK(third.adopt(base::unique_fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))) == invalid);
  CHECK(third.adopt(base::unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))) == invalid);
}
