#include "gatehouse/process/child_process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "gatehouse/process/order.hpp"
#include "gatehouse/process/pipe.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

// Runs a test's coroutine, and everything that it leaves behind, to the end.
template <class Test>
void run(Test test) {
  boost::asio::io_context loop{1};
  process::launcher launcher(process::pace{});
  boost::asio::co_spawn(loop, test(loop.get_executor(), launcher),
                        [](std::exception_ptr const& failure) {
                          if (failure) std::rethrow_exception(failure);
                        });
  loop.run();
  CHECK(launcher.running() == 0);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

// sh -c script, whose output the test reads.
base::task<process::child_process> start(base::executor ex, process::launcher& launcher,
                                         std::string script, base::unique_fd& output,
                                         std::chrono::milliseconds grace = 10s) {
  auto pipe = process::make_pipe();
  REQUIRE(pipe.has_value());
  process::program what;
  what.path = "/bin/sh";
  what.arguments = {"sh", "-c", std::move(script)};
  what.environment = {"PATH=/usr/bin:/bin"};
  what.directory = "/";
  what.standard_output = std::move(pipe->write);
  what.standard_error.reset(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  output = std::move(pipe->read);
  process::order ordered(ex, launcher, std::move(what), "/cgi-bin/x", grace);
  auto child = co_await ordered.child();
  REQUIRE(child.has_value());
  co_return std::move(*child);
}

char wait_for_byte(base::unique_fd const& from) {
  char byte = '-';
  CHECK(::read(from.get(), &byte, 1) == 1);
  return byte;
}

bool at_end(base::unique_fd const& from) {
  char byte = 0;
  return ::read(from.get(), &byte, 1) == 0;
}

}  // namespace

TEST_CASE("the exit status of a program arrives") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    auto child = co_await start(ex, launcher, "exit 7", output);
    bool told = false;
    child.when_ended([&told] { told = true; });
    CHECK(co_await child.ended_within(10s));
    CHECK(told);
    REQUIRE(child.status().has_value());
    CHECK(WEXITSTATUS(*child.status()) == 7);
  });
}

TEST_CASE("dropping a child stops its whole group") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    {
      auto const child = co_await start(ex, launcher, "sleep 1000 & echo x; wait", output);
      CHECK(wait_for_byte(output) == 'x');
    }
    wait_for_byte(output);  // the line end
    CHECK(at_end(output));  // shell and sleep held the pipe; both are gone
  });
}

TEST_CASE("what ignores TERM is killed after the grace period") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    auto child = co_await start(ex, launcher, "trap '' TERM; echo x; while :; do sleep 1; done",
                                output, 100ms);
    CHECK(wait_for_byte(output) == 'x');
    child.stop();
    CHECK(co_await child.ended_within(10s));
    CHECK(WTERMSIG(*child.status()) == SIGKILL);
  });
}

TEST_CASE("a descendant that ignores TERM is killed after its leader ended") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    auto child = co_await start(
        ex, launcher, "(trap '' TERM; echo x; while :; do sleep 1; done) & exec sleep 1000", output,
        100ms);
    CHECK(wait_for_byte(output) == 'x');
    child.stop();
    CHECK(co_await child.ended_within(10s));
    wait_for_byte(output);
    base::event never(ex);
    co_await never.wait_for(200ms);  // lets the group be seen off before the blocking read
    CHECK(at_end(output));
  });
}

TEST_CASE("a child that was let go runs to its own end") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    {
      auto child = co_await start(ex, launcher, "echo x; sleep 0.2; echo y", output);
      child.let_go();
    }
    CHECK(wait_for_byte(output) == 'x');
    wait_for_byte(output);
    CHECK(wait_for_byte(output) == 'y');
  });
}

TEST_CASE("the end of a child is not noticed before somebody asks, and then without a wait") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    auto child = co_await start(ex, launcher, "exit 7", output);
    bool told = false;
    child.when_ended([&told] { told = true; });
    siginfo_t ended{};
    CHECK(::waitid(P_PID, static_cast<id_t>(child.pid()), &ended, WEXITED | WNOWAIT) == 0);
    CHECK_FALSE(child.status().has_value());
    CHECK(launcher.running() == 1);
    child.watch();
    CHECK(told);
    CHECK(child.status().has_value());
    CHECK(launcher.running() == 0);
  });
}

TEST_CASE("a child that is watched tells of its end by itself") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    auto child = co_await start(ex, launcher, "sleep 0.1", output);
    base::event told(ex);
    child.when_ended([&told] { told.set(); });
    child.watch();
    CHECK(co_await told.wait_for(10s));
  });
}

TEST_CASE("a child that ended unnoticed is reaped when it is dropped or let go") {
  for (bool const let_go : {false, true}) {
    CAPTURE(let_go);
    run([let_go](base::executor ex, process::launcher& launcher) -> base::task<void> {
      base::unique_fd output;
      auto child = co_await start(ex, launcher, "exit 7", output);
      siginfo_t ended{};
      CHECK(::waitid(P_PID, static_cast<id_t>(child.pid()), &ended, WEXITED | WNOWAIT) == 0);
      if (let_go) child.let_go();
    });
  }
}

TEST_CASE("a program that is traced by us and stops has not ended") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    auto child = co_await start(ex, launcher,
                                "exec /usr/bin/python3 -c 'import ctypes, os\n"
                                "ctypes.CDLL(None).ptrace(0, 0, None, None)\n"
                                "os.kill(os.getpid(), 19)'",
                                output, 100ms);
    siginfo_t stopped{};
    CHECK(::waitid(P_PID, static_cast<id_t>(child.pid()), &stopped, WSTOPPED | WNOWAIT) == 0);
    CHECK(stopped.si_code == CLD_TRAPPED);
    child.watch();
    CHECK_FALSE(child.status().has_value());
    CHECK(launcher.running() == 1);
    child.stop();
    CHECK(co_await child.ended_within(10s));
    CHECK(child.status() == SIGKILL);
  });
}

TEST_CASE("of a child that somebody else has reaped the status is unknown") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    base::unique_fd output;
    auto child = co_await start(ex, launcher, "exit 7", output);
    CHECK(::waitpid(child.pid(), nullptr, 0) == child.pid());
    CHECK(co_await child.ended_within(10s));
    CHECK(child.status() == process::unknown_status);
    CHECK_FALSE(WIFEXITED(*child.status()));
    CHECK_FALSE(WIFSIGNALED(*child.status()));
  });
}

TEST_CASE("the outcome of a launch can be asked for before and after it is there") {
  run([](base::executor ex, process::launcher& launcher) -> base::task<void> {
    for (bool const wait_first : {false, true}) {
      CAPTURE(wait_first);
      auto pipe = process::make_pipe();
      REQUIRE(pipe.has_value());
      process::program missing;
      missing.path = "/nonexistent";
      missing.directory = "/";
      missing.standard_output = std::move(pipe->write);
      auto launched = launcher.begin(ex, std::move(missing));
      if (wait_first) CHECK(at_end(pipe->read));  // which tells that the outcome is there
      auto const pid = co_await launched.outcome();
      REQUIRE(pid.has_error());
      CHECK(pid.error() == boost::system::errc::no_such_file_or_directory);
    }
    CHECK(launcher.running() == 0);
  });
}
