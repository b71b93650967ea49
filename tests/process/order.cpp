#include "gatehouse/process/order.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>

#include "gatehouse/process/pipe.hpp"
#include "gatehouse/process/standard_streams.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

process::program program_at(std::string path) {
  process::program what;
  what.path = std::move(path);
  what.arguments = {"cat"};
  what.directory = "/";
  return what;
}

// Whether cat runs: it gives back what it is given.
bool echoes(process::standard_streams const& ours) {
  char byte = '-';
  return !process::write_whole(ours.input.get(), "x") && ::read(ours.output.get(), &byte, 1) == 1 &&
         byte == 'x';
}

// A program that ends when its input does, and the loop that it is ordered on.
struct place {
  process::standard_streams order(std::string path = "/bin/cat") {
    auto what = program_at(std::move(path));
    auto ours = process::connect(what, process::is_fed{true});
    REQUIRE(ours.has_value());
    ordered.emplace(loop.get_executor(), launcher, std::move(what), "/cgi-bin/x", 10s);
    return std::move(*ours);
  }

  // Runs a test's coroutine, and everything that it leaves behind, to the end.
  void run(base::task<void> test) {
    boost::asio::co_spawn(loop, std::move(test), [](std::exception_ptr const& failure) {
      if (failure) std::rethrow_exception(failure);
    });
    loop.run();
    CHECK(launcher.running() == 0);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  }

  boost::asio::io_context loop{1};
  process::launcher launcher{process::pace{}};
  std::optional<process::order> ordered;
};

}  // namespace

TEST_CASE("a program that is taken on outlives its order") {
  place p;
  p.run([](place& here) -> base::task<void> {
    auto ours = here.order();
    auto child = co_await here.ordered->child();
    REQUIRE(child.has_value());
    here.ordered.reset();
    CHECK(echoes(ours));
    ours.input.reset();
    CHECK(co_await child->ended_within(10s));
    CHECK(child->status() == 0);
  }(p));
}

TEST_CASE("a program that nobody takes on is stopped") {
  place p;
  std::optional<process::standard_streams> ours;
  p.run([](place& here, auto& streams) -> base::task<void> {
    streams = here.order();
    CHECK(echoes(*streams));
    here.ordered.reset();
    co_return;
  }(p, ours));
}

TEST_CASE("an order that cannot be carried out says why") {
  place p;
  p.run([](place& here) -> base::task<void> {
    here.order("/nonexistent/program");
    auto const child = co_await here.ordered->child();
    REQUIRE(child.has_error());
    CHECK(child.error() == boost::system::errc::no_such_file_or_directory);
    here.ordered.reset();
  }(p));
}
