#include "gatehouse/process/adopted_children.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <exception>
#include <thread>

#include "gatehouse/base/event.hpp"
#include "gatehouse/process/order.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

// Orphans below this process become its children as long as one of these exists, as if it were the
// first process of a container. It leaves the signals as they were.
class first_process {
 public:
  first_process() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before_);
  }
  first_process(first_process const&) = delete;
  first_process& operator=(first_process const&) = delete;
  ~first_process() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

 private:
  sigset_t before_{};
};

process::program shell(std::string script) {
  process::program what;
  what.path = "/bin/sh";
  what.arguments = {"sh", "-c", std::move(script)};
  what.environment = {"PATH=/usr/bin:/bin"};
  what.directory = "/";
  return what;
}

bool has_children() {
  siginfo_t seen{};
  return ::waitid(P_ALL, 0, &seen, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

base::task<bool> are_reaped(base::executor ex) {
  base::timer pause(ex);
  auto const until = std::chrono::steady_clock::now() + 20s;
  while (has_children() && std::chrono::steady_clock::now() < until) {
    pause.expires_after(10ms);
    co_await pause.async_wait(base::as_result);
  }
  co_return !has_children();
}

}  // namespace

TEST_CASE("orphans that the server is given are reaped, and so are those that end later") {
  first_process const as_such;
  boost::asio::io_context loop{1};
  process::adopted_children adopted(loop.get_executor());
  process::launcher launcher(process::pace{});
  boost::asio::co_spawn(loop, adopted.reap(launcher), boost::asio::detached);
  auto const test = [&]() -> base::task<void> {
    for (int i = 0; i < 2; ++i) {
      process::order ordered(loop.get_executor(), launcher,
                             shell("for i in 1 2 3; do (sleep 0.$i &); done; exit 7"), "/cgi-bin/x",
                             10s);
      auto child = co_await ordered.child();
      REQUIRE(child.has_value());
      CHECK(co_await child->ended_within(20s));
      CHECK(WEXITSTATUS(*child->status()) == 7);
      CHECK(co_await are_reaped(loop.get_executor()));
    }
    loop.stop();
  };
  boost::asio::co_spawn(loop, test(), [](std::exception_ptr const& failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
}

TEST_CASE("the status of a child that a launcher has started is never taken by another") {
  first_process const as_such;
  boost::asio::io_context loop{1};
  process::launcher launcher(process::pace{.alone = 2, .beside_others = 2});
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) launcher.reap_adopted();
  });
  auto const test = [&]() -> base::task<void> {
    for (int i = 0; i < 200; ++i) {
      auto what = shell("exit 7");
      if (i % 4 == 0) what = shell("(exit 0 &); exit 7");
      if (i % 4 == 1) what.path = "/nonexistent";
      process::order ordered(loop.get_executor(), launcher, std::move(what), "/cgi-bin/x", 10s);
      auto child = co_await ordered.child();
      CHECK(child.has_error() == (i % 4 == 1));
      if (child.has_error()) continue;
      CHECK(co_await child->ended_within(20s));
      CHECK(child->status() == 7 << 8);
    }
    CHECK(co_await are_reaped(loop.get_executor()));
  };
  boost::asio::co_spawn(loop, test(), [](std::exception_ptr const& failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
  over = true;
  other.join();
}
