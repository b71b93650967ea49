#include "gatehouse/process/pipe_holders.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "gatehouse/process/pipe.hpp"

using namespace gatehouse;

namespace {

std::vector<process::pipe_holder> holders(int end) {
  boost::asio::io_context loop{1};
  std::vector<process::pipe_holder> out;
  auto look = [&]() -> base::task<void> {
    out = co_await process::holders_of(loop.get_executor(), end);
  };
  boost::asio::co_spawn(loop, look(), [](std::exception_ptr const& failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
  return out;
}

}  // namespace

TEST_CASE(
    "the processes that can write to a pipe are found, and those that can only read it are not") {
  auto pipe = process::make_pipe();
  REQUIRE(pipe.has_value());
  auto const start = [&](base::unique_fd& unwanted) {
    pid_t const pid = ::fork();
    if (pid == 0) {
      unwanted.reset();
      ::alarm(60);
      for (;;) ::pause();
    }
    return pid;
  };
  pid_t const writer = start(pipe->read);
  pid_t const reader = start(pipe->write);
  REQUIRE(writer > 0);
  REQUIRE(reader > 0);
  auto const has_ends_apart = [&] {
    auto const found = holders(pipe->read.get());
    return found.size() == 1 && found[0].pid == writer && !found[0].name.empty();
  };
  // Until the reader has closed its copy it can write, too.
  bool apart = false;
  for (int i = 0; i < 1000 && !apart; ++i) {
    apart = has_ends_apart();
    if (!apart) ::usleep(2000);
  }
  CHECK(apart);
  CHECK(process::has_writer(pipe->read.get()));
  pipe->write.reset();
  for (pid_t const pid : {writer, reader}) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  CHECK(holders(pipe->read.get()).empty());
  CHECK_FALSE(process::has_writer(pipe->read.get()));
}

TEST_CASE("the holders of a pipe are named with their pids") {
  CHECK(process::holders_text({}) == "another process");
  CHECK(process::holders_text({{17, "sleep"}}) == "sleep[17]");
  CHECK(process::holders_text({{17, "sleep"}, {18, "cat"}}) == "sleep[17], cat[18]");
}
