#include "gatehouse/process/launcher.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <string>

#include "gatehouse/process/pipe.hpp"

using namespace gatehouse;

namespace {

struct ran {
  std::string output;
  int status = -1;
};

// Starts a program with its stdout on a pipe, and waits for it.
ran run(process::program what) {
  auto pipe = process::make_pipe();
  REQUIRE(pipe.has_value());
  what.standard_input.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  what.standard_output = std::move(pipe->write);
  what.standard_error.reset(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  int pidfd = -1;
  base::error_code ec;
  pid_t const pid = process::vfork_launcher::start(what, pidfd, ec);
  REQUIRE_FALSE(ec);
  base::unique_fd const watched(pidfd);
  CHECK((::fcntl(pidfd, F_GETFD) & FD_CLOEXEC) != 0);
  what.standard_output.reset();
  ran out;
  char buffer[1000];
  for (ssize_t got = 0; (got = ::read(pipe->read.get(), buffer, sizeof buffer)) > 0;) {
    out.output.append(buffer, static_cast<std::size_t>(got));
  }
  CHECK(::waitpid(pid, &out.status, 0) == pid);
  return out;
}

process::program shell(std::string const& script) {
  process::program what;
  what.path = "/bin/sh";
  what.arguments = {"sh", "-c", script};
  what.directory = "/";
  return what;
}

}  // namespace

TEST_CASE("a program gets its arguments, environment and directory, and nothing else") {
  auto what = shell("pwd; echo \"$A\"; echo \"$0 $1\"");
  what.arguments.insert(what.arguments.end(), {"zero", "one"});
  what.environment = {"A=b c"};
  what.directory = "/usr";
  CHECK(run(std::move(what)).output == "/usr\nb c\nzero one\n");
}

TEST_CASE("a program has three descriptors, its own group, default signals and the limit given") {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  base::unique_fd const inheritable(::open("/dev/null", O_RDONLY));  // not close-on-exec
  auto what = shell(
      "for i in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$i ] && echo -n \"$i \"; done; echo; grep "
      "-E '^Sig(Ign|Blk)' /proc/$$/status | tr '\\t' ' ';"
      "[ $$ = $(awk '{print $5}' /proc/$$/stat) ] && echo leader; ulimit -Sn");
  what.environment = {"PATH=/usr/bin:/bin"};
  what.descriptor_limit = 99;
  auto const got = run(std::move(what)).output;
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  auto const first_line = got.substr(0, got.find('\n'));
  CHECK(first_line == "0 1 2 ");
  CHECK(got.find("SigIgn: 0000000000000000") != std::string::npos);
  CHECK(got.find("SigBlk: 0000000000000000") != std::string::npos);
  CHECK(got.find("leader\n") != std::string::npos);
  CHECK(got.ends_with("99\n"));
}

TEST_CASE("as a launcher of Boost.Process it gives a process") {
  boost::asio::io_context loop{1};
  auto what = shell("exit 7");
  for (auto* const fd : {&what.standard_input, &what.standard_output, &what.standard_error}) {
    fd->reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  }
  base::error_code ec;
  auto started = process::vfork_launcher{}(loop.get_executor(), ec, what);
  REQUIRE_FALSE(ec);
  CHECK(started.id() > 0);
  CHECK(started.wait() == 7);
}

TEST_CASE("a program that cannot be started gives errno, and leaves no zombie") {
  struct row {
    std::string_view label;
    std::string path;
    std::string directory;
    int expected;
  };
  row const rows[] = {
      {"missing", "/nonexistent", "/", ENOENT},
      {"not executable", "/etc/passwd", "/", EACCES},
      {"a directory", "/etc", "/", EACCES},
      {"no such working directory", "/bin/true", "/nonexistent", ENOENT},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    process::program what;
    what.path = r.path;
    what.arguments = {r.path};
    what.directory = r.directory;
    for (auto* const fd : {&what.standard_input, &what.standard_output, &what.standard_error}) {
      fd->reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    }
    int pidfd = -1;
    base::error_code ec;
    process::vfork_launcher::start(what, pidfd, ec);
    CHECK(ec.value() == r.expected);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
  }
}
