#include "gatehouse/life/takeover_listener.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <thread>
#include <vector>

#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/life/predecessor.hpp"

using namespace gatehouse;
using namespace gatehouse::life;
using config::usage_error;
using descriptor = boost::asio::posix::basic_stream_descriptor<base::executor>;

namespace {

std::unique_ptr<takeover_listener> opened(boost::asio::io_context& loop,
                                          std::filesystem::path const& path) {
  auto made = takeover_listener::open(loop.get_executor(), path);
  auto* const listener = std::get_if<std::unique_ptr<takeover_listener>>(&made);
  REQUIRE(listener != nullptr);
  CHECK_FALSE((*listener)->publish());
  return std::move(*listener);
}

// A server that runs, as far as a take-over sees it. What it hands over is one end of a pair, or
// both.
class running {
 public:
  enum class hands_over { one_end, both_ends };
  explicit running(std::filesystem::path const& path, hands_over what = hands_over::one_end)
      : listener_(opened(loop_, path)) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) == 0);
    std::vector<int> listening{ends_[0]};
    if (what == hands_over::both_ends) listening.push_back(ends_[1]);
    boost::asio::co_spawn(loop_, listener_->handed_over(std::move(listening)),
                          [this](std::exception_ptr const&, bool done) { handed_over_ = done; });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~running() {
    end();
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  // Closes the listener; gives whether it had handed over.
  bool end() {
    if (!thread_.joinable()) return handed_over_;
    boost::asio::post(loop_, [this] { listener_->close(); });
    thread_.join();
    return handed_over_;
  }
  int other_end() const { return ends_[1]; }

 private:
  boost::asio::io_context loop_;
  std::unique_ptr<takeover_listener> listener_;
  int ends_[2] = {-1, -1};
  bool handed_over_ = false;
  std::thread thread_;
};

// Asks until there is somebody who hands over: one whose last successor has just failed may not
// have noticed that yet.
std::optional<predecessor> ask(std::filesystem::path const& path) {
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < until) {
    auto asked = predecessor::ask(path, {::geteuid()});
    auto* const found = std::get_if<std::optional<predecessor>>(&asked);
    if (found != nullptr && found->has_value()) return std::move(*found);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return std::nullopt;
}

base::unique_fd connected(std::filesystem::path const& path) {
  auto fd = takeover_socket();
  auto const address = takeover_address(path.string());
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) == 0);
  return fd;
}

base::error_code published() {
  return {};
}

}  // namespace

TEST_CASE("a socket goes from the old server to the new one") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  running old(path);
  auto before = ask(path);
  REQUIRE(before.has_value());
  auto const sockets = before->take_sockets();
  REQUIRE(sockets.size() == 1);
  CHECK((::fcntl(sockets[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::write(sockets[0].get(), "x", 1) == 1);
  char c = 0;
  CHECK(::read(old.other_end(), &c, 1) == 1);
  CHECK_FALSE(before->relieve(published).has_value());
  CHECK(old.end());
  // The path is the successor's now: the old one leaves it.
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("all sockets go from the old server to the new one, in their order") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  running old(path, running::hands_over::both_ends);
  auto before = ask(path);
  REQUIRE(before.has_value());
  auto const sockets = before->take_sockets();
  REQUIRE(sockets.size() == 2);
  CHECK(::write(sockets[0].get(), "x", 1) == 1);
  char c = 0;
  CHECK(::read(sockets[1].get(), &c, 1) == 1);
  CHECK((::fcntl(sockets[1].get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::write(sockets[1].get(), "x", 1) == 1);
  CHECK(::recv(old.other_end(), &c, 1, MSG_DONTWAIT) == -1);  // that is the second one itself
  CHECK_FALSE(before->relieve(published).has_value());
  CHECK(old.end());
}

TEST_CASE("a server says that more sockets follow only if it has more than one") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  base::unique_fd const proof(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  {
    running const old(path);
    auto const fd = connected(path);
    CHECK(send_takeover_message(fd.get(), takeover_words::hello, proof.get()));
    CHECK(receive_takeover_message(fd.get()).is("socket", 1));
  }
  running const old(path, running::hands_over::both_ends);
  auto const fd = connected(path);
  CHECK(send_takeover_message(fd.get(), takeover_words::hello, proof.get()));
  CHECK(receive_takeover_message(fd.get()).is("socket, more follow", 1));
  CHECK(receive_takeover_message(fd.get()).is("socket", 1));
}

TEST_CASE("a take-over that cannot be published is none, and the next one may pass") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  running old(path);
  {
    auto before = ask(path);
    REQUIRE(before.has_value());
    auto const wrong =
        before->relieve([] { return base::error_code(EPERM, boost::system::system_category()); });
    REQUIRE(wrong.has_value());
    CHECK(wrong->line.find("that server goes on") != std::string::npos);
  }
  auto again = ask(path);
  REQUIRE(again.has_value());
  CHECK_FALSE(again->relieve(published).has_value());
  CHECK(old.end());
}

TEST_CASE("a new server that fails after it was published leaves the old one to be found again") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  boost::asio::io_context loop;
  running old(path);
  {
    auto const before = ask(path);
    REQUIRE(before.has_value());
    opened(loop, path);  // takes the place at the path, and goes
  }
  auto again = ask(path);
  REQUIRE(again.has_value());
  CHECK_FALSE(again->relieve(published).has_value());
  CHECK(old.end());
}

TEST_CASE("silent peers keep nobody from taking over") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  running old(path);
  std::vector<base::unique_fd> silent;
  for (std::size_t i = 0; i < 2 * base::limits::takeover_peers; ++i)
    silent.push_back(connected(path));
  auto before = ask(path);
  REQUIRE(before.has_value());
  CHECK_FALSE(before->relieve(published).has_value());
  CHECK(old.end());
}

// Three sockets become ready at once; the first one's handler closes the third, whose place in
// Asio's reactor, and readiness, the peer that is accepted by the second one's gets.
TEST_CASE("a peer is waited for even if Asio says too early that it greets") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  boost::asio::io_context loop;
  int first[2] = {-1, -1};
  int third[2] = {-1, -1};
  REQUIRE(::pipe2(first, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(third, O_CLOEXEC) == 0);
  base::unique_fd const to_first(first[1]);
  base::unique_fd const to_third(third[1]);
  descriptor one(loop, first[0]);
  descriptor closed(loop, third[0]);
  auto const listener = opened(loop, path);
  one.async_wait(descriptor::wait_read, [&](base::error_code) { closed.close(); });
  closed.async_wait(descriptor::wait_read, [](base::error_code) {});
  boost::asio::co_spawn(loop, listener->handed_over({to_first.get()}), boost::asio::detached);
  loop.poll();
  REQUIRE(::write(to_first.get(), "x", 1) == 1);
  auto const peer = connected(path);
  REQUIRE(::write(to_third.get(), "x", 1) == 1);
  loop.poll();
  loop.poll();

  base::unique_fd const proof(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(send_takeover_message(peer.get(), takeover_words::hello, proof.get()));
  loop.poll();
  CHECK(receive_takeover_message(peer.get()).is("socket", 1));
  listener->close();
  loop.poll();
}

TEST_CASE("a peer that does not greet in time is let go") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  running const old(path);
  auto const silent = connected(path);
  CHECK(receive_takeover_message(silent.get()).is("", 0));  // the end of the connection
}

TEST_CASE("one new server at a time gets ready") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  running old(path);
  auto first = ask(path);
  REQUIRE(first.has_value());
  auto const second = predecessor::ask(path, {::geteuid()});
  auto const* const wrong = std::get_if<usage_error>(&second);
  REQUIRE(wrong != nullptr);
  CHECK(wrong->line.ends_with("does not hand over its sockets"));
  CHECK_FALSE(first->relieve(published).has_value());
  CHECK(old.end());
}

TEST_CASE("who does not answer as a server of ours is an error") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  SUBCASE("one of another user") {
    running const old(path);
    auto const found = predecessor::ask(path, {::geteuid() + 1});
    auto const* const wrong = std::get_if<usage_error>(&found);
    REQUIRE(wrong != nullptr);
    CHECK(wrong->line.find("belongs to another user: start the server as") != std::string::npos);
  }
  SUBCASE("one that ends meanwhile") {
    running old(path);
    auto before = ask(path);
    REQUIRE(before.has_value());
    CHECK_FALSE(old.end());
    bool asked_to_publish = false;
    auto const wrong = before->relieve([&] {
      asked_to_publish = true;
      return base::error_code();
    });
    REQUIRE(wrong.has_value());
    CHECK(wrong->line.ends_with("has given us up"));
    CHECK_FALSE(asked_to_publish);
  }
}

TEST_CASE("a listener takes away its own socket, and no other") {
  tests::temporary_directory const directory;
  auto const path = directory / "takeover";
  boost::asio::io_context loop;
  auto const first = opened(loop, path);
  auto const second = opened(loop, path);
  first->close();
  CHECK(std::filesystem::exists(path));
  second->close();
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a listener that was never published leaves nothing") {
  tests::temporary_directory const directory;
  boost::asio::io_context loop;
  { auto const made = takeover_listener::open(loop.get_executor(), directory / "takeover"); }
  CHECK(std::filesystem::is_empty(directory.path()));
  auto const nowhere = takeover_listener::open(loop.get_executor(), "/nowhere/takeover");
  CHECK(std::holds_alternative<usage_error>(nowhere));
}
