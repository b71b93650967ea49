#include "gatehouse/process/private_listener.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "../open_descriptors.hpp"
#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::tests;
using process::private_listener;

namespace {

// Sets TMPDIR for one case.
class temporary_files_in {
 public:
  explicit temporary_files_in(std::string const& directory) {
    if (char const* const now = std::getenv("TMPDIR")) before_ = now;
    ::setenv("TMPDIR", directory.c_str(), 1);
  }
  temporary_files_in(temporary_files_in const&) = delete;
  temporary_files_in& operator=(temporary_files_in const&) = delete;
  ~temporary_files_in() {
    before_ ? ::setenv("TMPDIR", before_->c_str(), 1) : ::unsetenv("TMPDIR");
  }

 private:
  std::optional<std::string> before_;
};

bool was_reset(base::unique_fd const& fd) {
  char byte = 0;
  return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN;
}

}  // namespace

TEST_CASE("a private listener takes connections of its own process, and leaves no file") {
  temporary_directory at;
  temporary_files_in const here(at.path().string());
  auto const made = private_listener::make();
  REQUIRE(made.has_value());
  CHECK(std::filesystem::is_empty(at.path()));
  CHECK_FALSE(made->has_waiting());
  auto const one = made->connect();
  REQUIRE(one.has_value());
  CHECK(made->has_waiting());
  base::unique_fd const accepted(::accept(made->descriptor(), nullptr, nullptr));
  CHECK(accepted);
  CHECK_FALSE(made->has_waiting());
  CHECK(::send(one->get(), "x", 1, 0) == 1);
  char got = 0;
  CHECK(::recv(accepted.get(), &got, 1, 0) == 1);
}

TEST_CASE("a private listener has no address that another process could connect to") {
  auto const made = private_listener::make();
  REQUIRE(made.has_value());
  sockaddr_un name{};
  socklen_t size = sizeof name;
  REQUIRE(::getsockname(made->descriptor(), reinterpret_cast<sockaddr*>(&name), &size) == 0);
  CHECK(name.sun_path[0] == '/');  // It is not abstract.
  base::unique_fd const other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(::connect(other.get(), reinterpret_cast<sockaddr const*>(&name), size) != 0);
}

TEST_CASE("a closed private listener tells whether somebody was not heard") {
  for (bool const given_up : {false, true}) {
    CAPTURE(given_up);
    auto made = private_listener::make();
    REQUIRE(made.has_value());
    auto one = made->connect();
    REQUIRE(one.has_value());
    CHECK(::send(one->get(), "request", 7, 0) == 7);
    if (given_up) one->reset();
    {
      auto const left = made->close();
      CHECK(left.any_open == !given_up);
      CHECK(left.connections.size() == 1);
      CHECK(made->connect().error() == boost::system::errc::connection_refused);
    }
    if (!given_up) CHECK(was_reset(*one));
  }
}

TEST_CASE("a closed private listener with an accepted connection has left nobody unheard") {
  auto made = private_listener::make();
  REQUIRE(made.has_value());
  auto const one = made->connect();
  base::unique_fd const accepted(::accept(made->descriptor(), nullptr, nullptr));
  CHECK_FALSE(made->close().any_open);
  CHECK(made->close().connections.empty());
}

TEST_CASE("a private listener needs a directory to write in") {
  temporary_files_in const nowhere("/no/such/directory");
  auto const before = open_descriptors();
  CHECK(private_listener::make().error() == boost::system::errc::no_such_file_or_directory);
  CHECK(open_descriptors() == before);
}
