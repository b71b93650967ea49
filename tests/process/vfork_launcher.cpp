#include "gatehouse/process/vfork_launcher.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "gatehouse/process/pipe.hpp"

using namespace gatehouse;

namespace {

struct ran {
  std::string output;
  int status = -1;
};

std::string read_all(base::unique_fd const& from) {
  std::string out;
  char buffer[1000];
  for (ssize_t got = 0; (got = ::read(from.get(), buffer, sizeof buffer)) > 0;) {
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

// Starts a program with its stdout on a pipe, and waits for it.
ran run(process::vfork_launcher& launcher, process::program what) {
  auto pipe = process::make_pipe();
  REQUIRE(pipe.has_value());
  what.standard_output = std::move(pipe->write);
  auto const pid = launcher.start(what);
  REQUIRE(pid.has_value());
  what.standard_output.reset();
  ran out;
  out.output = read_all(pipe->read);
  CHECK(::waitpid(*pid, &out.status, 0) == *pid);
  return out;
}

ran run(process::program what) {
  process::vfork_launcher launcher;
  return run(launcher, std::move(what));
}

process::program shell(std::string const& script) {
  process::program what;
  what.path = "/bin/sh";
  what.arguments = {"sh", "-c", script};
  what.directory = "/";
  return what;
}

bool is_there(pid_t pid) {
  siginfo_t seen{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &seen, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         seen.si_pid == 0;
}

std::string const lists_its_descriptors = "ls -m /proc/$$/fd; :";

using identity = std::pair<dev_t, ino_t>;

identity identity_of(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? identity{info.st_dev, info.st_ino} : identity{};
}

// Every descriptor that is open, with the file behind it.
std::map<int, identity> open_descriptors() {
  std::map<int, identity> out;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = 0; fd < static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 8192)); ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) out[fd] = identity_of(fd);
  }
  return out;
}

// From now on nothing that this thread starts can leave a shared descriptor table: ENOMEM.
bool refuse_unsharing() {
  constexpr auto number = offsetof(seccomp_data, nr);
  constexpr auto flags = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
  std::array<sock_filter, 6> rules{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, number},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_close_range},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, flags},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, CLOSE_RANGE_UNSHARE},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOMEM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  sock_fprog const filter{rules.size(), rules.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// As many descriptors as that, on numbers below and above those that a launcher reserves.
std::vector<base::unique_fd> crowd(std::size_t size) {
  std::vector<base::unique_fd> out;
  while (out.size() < size) {
    base::unique_fd next(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    if (!next) break;
    out.push_back(std::move(next));
  }
  return out;
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

TEST_CASE("a program whose descriptors are not given has /dev/null") {
  auto const got = run(shell("cat; echo read; readlink /proc/$$/fd/0 /proc/$$/fd/2")).output;
  CHECK(got == "read\n/dev/null\n/dev/null\n");
}

TEST_CASE("a start leaves the server's descriptors as they are, whether it succeeds or not") {
  process::vfork_launcher launcher;
  auto const many = crowd(900);
  auto const before = open_descriptors();
  REQUIRE(before.size() > 900);
  auto missing = shell("");
  missing.path = "/nonexistent";
  for (int i = 0; i < 3; ++i) {
    CHECK(run(launcher, shell(lists_its_descriptors)).output == "0, 1, 2\n");
    CHECK(launcher.start(missing).has_error());
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("the launcher keeps nothing of a program's pipes, and all of its own close at an exec") {
  process::vfork_launcher launcher;
  for (std::string_view const path : {"/nonexistent", "/bin/true"}) {
    CAPTURE(path);
    auto pipe = process::make_pipe();
    REQUIRE(pipe.has_value());
    auto what = shell("");
    what.path = path;
    what.standard_output = std::move(pipe->write);
    auto const pid = launcher.start(what);
    what.standard_output.reset();
    CHECK(read_all(pipe->read).empty());
    if (pid.has_value()) CHECK(::waitpid(*pid, nullptr, 0) == *pid);
  }
  auto const output = run(launcher, shell(lists_its_descriptors)).output;
  CHECK(output == "0, 1, 2\n");
}

TEST_CASE("a launcher gives each program its own descriptors, and none of an earlier one's") {
  process::vfork_launcher launcher;
  base::unique_fd const zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  auto given = shell("readlink /proc/$$/fd/0");
  given.standard_input.reset(::fcntl(zero.get(), F_DUPFD_CLOEXEC, 0));
  CHECK(run(launcher, std::move(given)).output == "/dev/zero\n");
  CHECK(run(launcher, shell("readlink /proc/$$/fd/0")).output == "/dev/null\n");
}

TEST_CASE("a program's descriptor that is not open fails the start and nothing else") {
  process::vfork_launcher launcher;
  auto const before = open_descriptors();
  auto what = shell("");
  base::unique_fd closed(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::close(closed.get());
  what.standard_error = std::move(closed);
  auto const pid = launcher.start(what);
  static_cast<void>(what.standard_error.release());
  REQUIRE(pid.has_error());
  CHECK(pid.error().value() == EBADF);
  CHECK(open_descriptors() == before);
  CHECK(run(launcher, shell("readlink /proc/$$/fd/2")).output == "/dev/null\n");
}

TEST_CASE("a start that cannot leave the descriptor table fails and closes nothing") {
  process::vfork_launcher launcher;
  auto const many = crowd(100);
  auto const before = open_descriptors();
  bool refused = false;
  base::error_code error;
  std::thread([&launcher, &refused, &error] {
    refused = refuse_unsharing();
    if (refused) error = launcher.start(shell("")).error();
  }).join();
  if (!refused) return;  // a system without seccomp
  CHECK(error.value() == ENOMEM);
  CHECK(open_descriptors() == before);
  CHECK(run(launcher, shell("echo fine")).output == "fine\n");
}

TEST_CASE("programs start while descriptors come and go on other threads") {
  constexpr int starts_each = 60;
  std::atomic<bool> over = false;
  std::atomic<int> mixed_up = 0;
  std::vector<process::vfork_launcher> launchers(2);
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&over, &mixed_up] {
      while (!over) {
        auto held = crowd(40);
        auto const zero = identity_of(held.front().get());
        for (auto const& fd : held) {
          if (identity_of(fd.get()) != zero || ::fcntl(fd.get(), F_GETFD) != FD_CLOEXEC) ++mixed_up;
        }
      }
    });
  }
  std::vector<std::thread> starters;
  std::atomic<int> right = 0;
  for (auto& launcher : launchers) {
    starters.emplace_back([&launcher, &right] {
      for (int i = 0; i < starts_each; ++i) {
        auto pipe = process::make_pipe();
        auto what = shell("echo " + std::to_string(i) + "; " + lists_its_descriptors);
        if (i % 3 == 0) what.path = "/nonexistent";
        what.standard_output = std::move(pipe->write);
        auto const pid = launcher.start(what);
        what.standard_output.reset();
        auto const output = read_all(pipe->read);
        if (pid.has_value()) ::waitpid(*pid, nullptr, 0);
        auto const expected = i % 3 == 0 ? "" : std::to_string(i) + "\n0, 1, 2\n";
        if (output == expected) ++right;
      }
    });
  }
  for (auto& thread : starters) thread.join();
  over = true;
  for (auto& thread : others) thread.join();
  CHECK(right == 2 * starts_each);
  CHECK(mixed_up == 0);
}

TEST_CASE("as a launcher of Boost.Process it gives a process") {
  boost::asio::io_context loop{1};
  auto what = shell("exit 7");
  base::error_code ec;
  process::vfork_launcher launcher;
  auto started = launcher(loop.get_executor(), ec, what);
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
    process::vfork_launcher launcher;
    auto const pid = launcher.start(what);
    REQUIRE(pid.has_error());
    CHECK(pid.error().value() == r.expected);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
  }
}

TEST_CASE("a program that ends with the server is killed when the thread that started it ends") {
  for (bool const ends : {true, false}) {
    CAPTURE(ends);
    pid_t pid = 0;
    bool ran = false;
    std::thread([&] {
      process::vfork_launcher launcher;
      auto what = shell("exec sleep 1000");
      what.ends_with_server = ends;
      auto const started = launcher.start(what);
      if (started.has_error()) return;
      pid = *started;
      ran = is_there(pid);
    }).join();
    REQUIRE(pid > 0);
    CHECK(ran);
    if (!ends) {
      CHECK(is_there(pid));
      ::kill(pid, SIGTERM);
    }
    int status = 0;
    CHECK(::waitpid(pid, &status, 0) == pid);
    CHECK(WTERMSIG(status) == (ends ? SIGKILL : SIGTERM));
  }
}
