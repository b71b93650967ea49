#include "gatehouse/life/takeover.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <thread>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::life;

namespace {

using asked = std::variant<std::optional<predecessor>, config::usage_error>;

std::unique_ptr<takeover_door> open_door(boost::asio::io_context& loop,
                                         std::filesystem::path const& path) {
  auto opened = takeover_door::open(loop.get_executor(), path);
  auto* const door = std::get_if<std::unique_ptr<takeover_door>>(&opened);
  REQUIRE(door != nullptr);
  CHECK_FALSE((*door)->publish());
  return std::move(*door);
}

}  // namespace

TEST_CASE("a socket goes from the old server to the new one") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  boost::asio::io_context loop;
  auto const door = open_door(loop, path);
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  bool handed_over = false;
  boost::asio::co_spawn(loop, door->handed_over(ends[0]),
                        [&](std::exception_ptr const&, bool done) { handed_over = done; });
  std::thread old([&] { loop.run(); });
  auto found = predecessor::ask(path, {::geteuid()});
  auto* const before = std::get_if<std::optional<predecessor>>(&found);
  REQUIRE(before != nullptr);
  REQUIRE(before->has_value());
  auto const socket = (*before)->take_socket();
  CHECK((::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::write(socket.get(), "x", 1) == 1);
  char c = 0;
  CHECK(::read(ends[1], &c, 1) == 1);
  CHECK_FALSE((*before)->relieve().has_value());
  old.join();
  CHECK(handed_over);
  // The path is the successor's now: the old one leaves it.
  door->close();
  CHECK(std::filesystem::exists(path));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("who does not answer as a server of ours is an error") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  boost::asio::io_context loop;
  auto const door = open_door(loop, path);
  SUBCASE("one of another user") {
    auto const found = predecessor::ask(path, {::geteuid() + 1});
    auto const* const wrong = std::get_if<config::usage_error>(&found);
    REQUIRE(wrong != nullptr);
    CHECK(wrong->line.ends_with("belongs to another user"));
  }
  SUBCASE("one that closes its door") {
    asked found = std::optional<predecessor>();
    std::thread other([&] { found = predecessor::ask(path, {::geteuid()}); });
    boost::asio::co_spawn(loop, door->handed_over(0),
                          [](std::exception_ptr const&, bool done) { CHECK_FALSE(done); });
    loop.run_one();  // it begins to wait
    loop.run_one();  // somebody has come
    door->close();
    loop.run();
    other.join();
    // Cut off before or after it said hello, or nobody was there any more.
    auto const* const nobody = std::get_if<std::optional<predecessor>>(&found);
    if (nobody != nullptr) CHECK_FALSE(nobody->has_value());
  }
}

TEST_CASE("a door takes away its own socket, and no other") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  boost::asio::io_context loop;
  auto const first = open_door(loop, path);
  auto const second = open_door(loop, path);
  first->close();
  CHECK(std::filesystem::exists(path));
  second->close();
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a door that was never published leaves nothing") {
  tests::temporary_directory const directory;
  boost::asio::io_context loop;
  { auto const opened = takeover_door::open(loop.get_executor(), directory / "takeover"); }
  CHECK(std::filesystem::is_empty(directory.path()));
  auto const nowhere = takeover_door::open(loop.get_executor(), "/nowhere/takeover");
  CHECK(std::holds_alternative<config::usage_error>(nowhere));
}
