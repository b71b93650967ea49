#include "gatehouse/upstream/connection.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <exception>
#include <optional>

#include "gatehouse/base/unique_fd.hpp"

using namespace gatehouse;
using namespace gatehouse::upstream;

namespace {

// A listening socket of the loopback interface that takes one connection into its backlog.
class listener {
 public:
  listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto* const address = reinterpret_cast<sockaddr_in*>(&where_.storage);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where_.size = sizeof(sockaddr_in);
    REQUIRE(::bind(socket_.get(), where_.get(), where_.size) == 0);
    REQUIRE(::listen(socket_.get(), 0) == 0);
    auto* const named = reinterpret_cast<sockaddr*>(&where_.storage);
    REQUIRE(::getsockname(socket_.get(), named, &where_.size) == 0);
  }
  endpoint const& where() const { return where_; }

 private:
  base::unique_fd socket_;
  endpoint where_;
};

}  // namespace

// Two descriptors become ready at once. The first one's handler closes the other, whose place in
// Asio's reactor, and readiness, the connection gets.
TEST_CASE("a connection is waited for even if Asio says too early that it is there") {
  listener const full;
  auto const to = std::make_shared<application>(std::vector<endpoint>{full.where()});
  boost::asio::io_context loop;
  connection in_the_backlog(loop.get_executor(), to, 0);
  REQUIRE(in_the_backlog.begin_connect().has_value());
  connection pending(loop.get_executor(), to, 0);

  int first[2] = {-1, -1};
  int other[2] = {-1, -1};
  REQUIRE(::pipe2(first, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(other, O_CLOEXEC) == 0);
  base::unique_fd to_first(first[1]);
  base::unique_fd to_other(other[1]);
  boost::asio::posix::stream_descriptor one(loop, first[0]);
  boost::asio::posix::stream_descriptor closed(loop, other[0]);
  std::optional<base::error_code> ended;
  one.async_wait(one.wait_read, [&](base::error_code) {
    closed.close();
    auto const begun = pending.begin_connect();
    REQUIRE(begun.has_value());
    REQUIRE(*begun == connection::connecting::pending);
    boost::asio::co_spawn(loop.get_executor(), pending.connected(),
                          [&](std::exception_ptr, base::error_code ec) { ended = ec; });
  });
  closed.async_wait(closed.wait_read, [](base::error_code) {});
  loop.poll();
  to_first.reset();
  to_other.reset();
  loop.poll();
  loop.poll();
  CHECK_FALSE(ended.has_value());

  pending.cancel();
  loop.poll();
  REQUIRE(ended.has_value());
  CHECK(*ended == boost::asio::error::operation_aborted);
}
