#include "gatehouse/net/request_body.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <string>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/unique_fd.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

constexpr auto large = 4 * base::limits::stream_buffer_bytes;

constexpr auto full = boost::system::errc::resource_unavailable_try_again;

bool gave(base::result<std::size_t> const& result, std::size_t count) {
  return result.has_value() && *result == count;
}

template <class Error>
bool failed(base::result<std::size_t> const& result, Error why) {
  return result.has_error() && result.error() == why;
}

// Bytes of which no two neighbours of 256 are alike.
std::string bytes(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; out.size() < count; ++i) out += std::to_string(i) + " ";
  out.resize(count);
  return out;
}

// A client, the server's end of its connection, and the pipe to a script.
struct fixture {
  explicit fixture(boost::asio::io_context& loop)
      : client_end(loop.get_executor()), stream(accepted(loop), 64 * 1024) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    ::fcntl(ends[0], F_SETPIPE_SZ, base::limits::wide_pipe_bytes);
    pipe_out.reset(ends[0]);
    pipe_in.reset(ends[1]);
  }

  net::tcp_socket accepted(boost::asio::io_context& loop) {
    boost::asio::basic_socket_acceptor<tcp, base::executor> acceptor(
        loop.get_executor(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    client_end.connect(acceptor.local_endpoint());
    auto socket = acceptor.accept();
    socket.native_non_blocking(true);
    return socket;
  }

  void send(std::string_view text) {
    CHECK(boost::asio::write(client_end, boost::asio::buffer(text)) == text.size());
  }

  // What is in the pipe.
  std::string piped() const {
    std::string out;
    std::array<char, 4096> buffer;
    while (true) {
      auto const got = ::read(pipe_out.get(), buffer.data(), buffer.size());
      if (got <= 0) return out;
      out.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }

  net::tcp_socket client_end;
  net::client_stream stream;
  base::unique_fd pipe_out;
  base::unique_fd pipe_in;
  http::request request;
};

net::request_body body_of(fixture& f, std::size_t length,
                          std::chrono::steady_clock::duration limit = 10s) {
  f.request.content_length = length;
  return {f.stream, f.request, 1 << 20, limit};
}

template <class Test>
void run(Test test) {
  boost::asio::io_context loop{1};
  fixture f(loop);
  boost::asio::co_spawn(loop, test(f), [&loop](std::exception_ptr const& failure) {
    loop.stop();  // deadlines that were cleared are still waited for
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
}

// Moves all that will go, and reads the rest: the body as a script would get it.
base::task<std::string> taken(fixture& f, net::request_body& body, std::size_t& moved_bytes) {
  std::string out;
  std::array<char, 4096> buffer;
  while (true) {
    auto const moved = co_await body.splice_some(f.pipe_in.get());
    out += f.piped();
    if (moved.has_value()) moved_bytes += *moved;
    if (failed(moved, full) || (moved.has_value() && *moved > 0)) continue;
    auto const read = co_await body.read_some(boost::asio::buffer(buffer));
    if (read.has_error() || *read == 0) co_return out;
    out.append(buffer.data(), *read);
  }
}

// Somebody else on the thread, who counts the turns that he gets.
struct neighbour : std::enable_shared_from_this<neighbour> {
  explicit neighbour(base::executor e) : ex(e) {}
  void take_turns() {
    boost::asio::post(ex, [self = shared_from_this()] {
      ++self->turns;
      self->take_turns();
    });
  }
  base::executor ex;
  int turns = 0;
};

}  // namespace

TEST_CASE("a chunked body that comes without a pause lets others on the thread have their turn") {
  run([](fixture& f) -> base::task<void> {
    constexpr std::size_t size = 0x20000;
    auto const sent = bytes(size);
    f.send("20000\r\n" + sent + "\r\n0\r\n\r\n");
    f.request.chunked = true;
    net::request_body body(f.stream, f.request, 1 << 20, 10s);
    auto const other = std::make_shared<neighbour>(f.stream.get_executor());
    other->take_turns();
    std::string got;
    std::array<char, 8192> buffer;
    while (got.size() < size) {
      auto const read = co_await body.read_some(boost::asio::buffer(buffer));
      CHECK(read.has_value());
      if (read.has_error()) break;
      got.append(buffer.data(), *read);
    }
    CHECK((got == sent));
    CHECK(other->turns >= static_cast<int>(size / buffer.size()));
  });
}

TEST_CASE("a large body is moved into a pipe, and nothing of what follows it") {
  // The smaller one goes at once, with the next request right behind it.
  for (std::size_t const size : {base::limits::stream_buffer_bytes, large}) {
    CAPTURE(size);
    run([size](fixture& f) -> base::task<void> {
      auto const sent = bytes(size);
      f.send(sent + "GET / HTTP/1.1\r\n\r\n");
      auto body = body_of(f, size);
      std::size_t moved = 0;
      auto const got = co_await taken(f, body, moved);
      CHECK((got == sent));
      CHECK(moved > size / 2);
      CHECK(body.can_be_drained());
      auto const next = co_await f.stream.fill(10s);
      CHECK(next.has_value());
      CHECK(f.stream.buffered() == "GET / HTTP/1.1\r\n\r\n");
    });
  }
}

TEST_CASE("what came with the head goes before what is moved") {
  run([](fixture& f) -> base::task<void> {
    auto const sent = bytes(large);
    f.send(std::string_view(sent).substr(0, 1000));
    auto const filled = co_await f.stream.fill(10s);
    CHECK(filled.has_value());
    f.send(std::string_view(sent).substr(1000));
    auto body = body_of(f, large);
    auto const first = co_await body.splice_some(f.pipe_in.get());
    CHECK(gave(first, 0));
    std::size_t moved = 0;
    auto const got = co_await taken(f, body, moved);
    CHECK((got == sent));
    CHECK(moved > large / 2);
  });
}

TEST_CASE("only a large counted body that nobody waits to be asked for is moved") {
  struct row {
    std::string_view label;
    http::request request;
  };
  std::array<row, 3> rows{{{"small", {}}, {"chunked", {}}, {"100-continue", {}}}};
  rows[0].request.content_length = 100;
  rows[1].request.chunked = true;
  rows[2].request.content_length = large;
  rows[2].request.expects_continue = true;
  for (row const& r : rows) {
    CAPTURE(r.label);
    run([&r](fixture& f) -> base::task<void> {
      net::request_body body(f.stream, r.request, 1 << 20, 10s);
      auto const moved = co_await body.splice_some(f.pipe_in.get());
      CHECK(gave(moved, 0));
    });
  }
}

TEST_CASE("a full pipe takes no more and loses nothing") {
  run([](fixture& f) -> base::task<void> {
    auto const sent = bytes(large);
    f.send(sent);
    std::string const filling(1 << 20, '.');
    auto const filled = ::write(f.pipe_in.get(), filling.data(), filling.size());
    CHECK(filled > 0);
    auto body = body_of(f, large);
    auto const moved = co_await body.splice_some(f.pipe_in.get());
    CHECK(failed(moved, full));
    CHECK(f.piped().size() == static_cast<std::size_t>(filled));
    std::size_t moved_bytes = 0;
    auto const got = co_await taken(f, body, moved_bytes);
    CHECK((got == sent));
  });
}

TEST_CASE("a body that stops coming is told from one that was cut off") {
  SUBCASE("a client that goes silent") {
    run([](fixture& f) -> base::task<void> {
      auto body = body_of(f, large, 20ms);
      auto const moved = co_await body.splice_some(f.pipe_in.get());
      CHECK(failed(moved, base::errc::timed_out));
      CHECK_FALSE(body.can_be_drained());
    });
  }
  SUBCASE("a client that leaves") {
    run([](fixture& f) -> base::task<void> {
      f.client_end.shutdown(net::tcp_socket::shutdown_send);
      auto body = body_of(f, large);
      auto const moved = co_await body.splice_some(f.pipe_in.get());
      CHECK(gave(moved, 0));
      std::array<char, 10> buffer;
      auto const read = co_await body.read_some(boost::asio::buffer(buffer));
      CHECK(failed(read, base::errc::client_gone));
    });
  }
}

TEST_CASE("a pipe that nobody reads leaves the body to be read") {
  run([](fixture& f) -> base::task<void> {
    f.send(bytes(large));
    ::signal(SIGPIPE, SIG_IGN);
    f.pipe_out.reset();
    auto body = body_of(f, large);
    auto const moved = co_await body.splice_some(f.pipe_in.get());
    CHECK(gave(moved, 0));
    std::array<char, 10> buffer;
    auto const read = co_await body.read_some(boost::asio::buffer(buffer));
    CHECK(gave(read, 10));
  });
}

TEST_CASE("urgent data is got past by a read") {
  run([](fixture& f) -> base::task<void> {
    auto const sent = bytes(large);
    f.client_end.send(boost::asio::buffer("!", 1), MSG_OOB);
    f.send(sent);
    auto body = body_of(f, large);
    auto const moved = co_await body.splice_some(f.pipe_in.get());
    CHECK(gave(moved, 0));
    std::size_t moved_bytes = 0;
    auto const got = co_await taken(f, body, moved_bytes);
    CHECK((got == sent));
  });
}
