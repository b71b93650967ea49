#include "gatehouse/process/pipe.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>

#include <array>
#include <string>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse;

namespace {

process::pipe non_blocking_pipe() {
  auto made = process::make_pipe();
  REQUIRE(made.has_value());
  for (int const end : {made->read.get(), made->write.get()}) {
    REQUIRE(::fcntl(end, F_SETFL, O_NONBLOCK) == 0);
  }
  return std::move(*made);
}

std::size_t fill(process::pipe const& full) {
  std::string const bytes(4096, 'x');
  std::size_t size = 0;
  while (true) {
    auto const put = process::write_now(full.write.get(), bytes);
    REQUIRE(put.has_value());
    if (!put->has_value()) return size;
    size += **put;
  }
}

}  // namespace

TEST_CASE("both ends of a pipe are close-on-exec and block") {
  auto const made = process::make_pipe();
  REQUIRE(made.has_value());
  for (int const end : {made->read.get(), made->write.get()}) {
    CHECK((::fcntl(end, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(end, F_GETFL) & O_NONBLOCK) == 0);
  }
}

TEST_CASE("a read gives what is there, nothing before it comes, and 0 at the end") {
  auto pipe = non_blocking_pipe();
  std::array<char, 8> bytes{};
  auto const read = [&] { return process::read_now(pipe.read.get(), boost::asio::buffer(bytes)); };
  CHECK_FALSE(read().value().has_value());
  CHECK_FALSE(process::write_whole(pipe.write.get(), "abc"));
  CHECK(process::waiting_in(pipe.read.get()) == 3);
  CHECK(read().value() == 3);
  CHECK(std::string_view(bytes.data(), 3) == "abc");
  CHECK(process::waiting_in(pipe.read.get()) == 0);
  pipe.write.reset();
  CHECK(read().value() == 0);
}

TEST_CASE("a full pipe takes nothing until it is widened") {
  auto const pipe = non_blocking_pipe();
  auto const before = fill(pipe);
  CHECK(process::waiting_in(pipe.read.get()) == before);
  process::widen(pipe.write.get());
  if (::fcntl(pipe.write.get(), F_GETPIPE_SZ) < base::limits::wide_pipe_bytes) return;  // refused
  CHECK(fill(pipe) == static_cast<std::size_t>(base::limits::wide_pipe_bytes) - before);
}

TEST_CASE("what nobody reads any more gives the error") {
  auto const before = ::signal(SIGPIPE, SIG_IGN);
  auto pipe = non_blocking_pipe();
  pipe.read.reset();
  CHECK(process::write_now(pipe.write.get(), "x").error() == boost::system::errc::broken_pipe);
  CHECK(process::write_whole(pipe.write.get(), "x") == boost::system::errc::broken_pipe);
  ::signal(SIGPIPE, before);
}

TEST_CASE("what is no pipe gives the error, and has no bytes waiting") {
  std::array<char, 1> byte{};
  CHECK(process::read_now(-1, boost::asio::buffer(byte)).has_error());
  CHECK(process::waiting_in(-1) == 0);
  process::widen(-1);
}
