#include "gatehouse/base/stream_socket.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>

#include "gatehouse/base/event.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

struct pair {
  pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    theirs.reset(ends[1]);
    REQUIRE_FALSE(ours.assign(base::unique_fd(ends[0]), AF_UNIX));
  }
  // What the receiving has come to.
  void receive() {
    ours.receive(boost::asio::buffer(buffer), [this](base::error_code const& ec, std::size_t got) {
      error = ec;
      size = got;
    });
  }
  void run() {
    loop.restart();
    loop.poll();
  }

  boost::asio::io_context loop{1};
  base::stream_socket ours{loop.get_executor()};
  base::unique_fd theirs;
  std::array<char, 100> buffer{};
  std::optional<base::error_code> error;
  std::size_t size = 0;
};

}  // namespace

TEST_SUITE_BEGIN("stream_socket");

TEST_CASE("sending and receiving now say when the socket is not ready, and when it has ended") {
  pair p;
  auto const nothing = p.ours.receive_now(boost::asio::buffer(p.buffer));
  REQUIRE(nothing.has_value());
  CHECK_FALSE(nothing->has_value());
  std::string const large(100'000, 'x');
  while (true) {
    auto const put = p.ours.send_now(large);
    REQUIRE(put.has_value());
    if (!*put) break;
    CHECK(**put > 0);
  }
  REQUIRE(::send(p.theirs.get(), "abc", 3, MSG_NOSIGNAL) == 3);
  auto const got = p.ours.receive_now(boost::asio::buffer(p.buffer));
  REQUIRE(got.has_value());
  CHECK(got->value_or(0) == 3);
  p.theirs.reset();
  auto const refused = p.ours.send_now("x");
  REQUIRE(refused.has_error());
  CHECK(refused.error() == boost::system::errc::broken_pipe);
}

TEST_CASE("the other end that closes with our bytes unread is told apart from an end") {
  pair read;
  read.theirs.reset();
  auto const end = read.ours.receive_now(boost::asio::buffer(read.buffer));
  REQUIRE(end.has_value());
  CHECK(end->value_or(1) == 0);
  pair unread;
  REQUIRE(unread.ours.send_now("abc").has_value());
  unread.theirs.reset();
  auto const reset = unread.ours.receive_now(boost::asio::buffer(unread.buffer));
  REQUIRE(reset.has_error());
  CHECK(reset.error() == boost::system::errc::connection_reset);
}

TEST_CASE("who receives is woken by what comes, and by cancel() and close()") {
  pair p;
  p.receive();
  p.run();
  CHECK_FALSE(p.error);
  REQUIRE(::send(p.theirs.get(), "abc", 3, MSG_NOSIGNAL) == 3);
  p.run();
  REQUIRE(p.error);
  CHECK_FALSE(*p.error);
  CHECK(p.size == 3);
  for (auto const stop : {&base::stream_socket::cancel, &base::stream_socket::close}) {
    p.error.reset();
    p.receive();
    (p.ours.*stop)();
    p.run();
    REQUIRE(p.error);
    CHECK(*p.error == boost::asio::error::operation_aborted);
  }
}

TEST_CASE("its deadline calls the action, which may replace itself") {
  pair p;
  int late = 0;
  p.ours.when_late([&] {
    ++late;
    p.ours.when_late(nullptr);
  });
  p.ours.set_deadline(1ms);
  p.loop.restart();
  p.loop.run();
  CHECK(late == 1);
  p.ours.set_deadline(1ms);
  p.loop.restart();
  p.loop.run();
  CHECK(late == 1);
}

TEST_SUITE_END();
