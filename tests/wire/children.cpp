// What becomes of the server's child processes: whose end counts, and who is reaped.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/types.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "client.hpp"
#include "patience.hpp"
#include "plays.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

std::string const text_head = "printf 'Content-Type: text/plain\\n\\n'\n";

// A script that has its parent trace it, stands still, and tells its pid in the file `pid` before.
std::string const traced =
    "#!/usr/bin/python3\n"
    "import ctypes, os, signal\n"
    "ctypes.CDLL(None).ptrace(0, 0, None, None)\n"
    "open('pid.part', 'w').write(str(os.getpid()))\n"
    "os.rename('pid.part', 'pid')\n"
    "os.kill(os.getpid(), signal.SIGSTOP)\n";

// The pid that a script has told, once it has.
pid_t told_pid(site const& files) {
  auto const file = files.cgi_bin() / "pid";
  REQUIRE(eventually([&] { return fs::exists(file); }));
  return std::atoi(contents(file).c_str());
}

// As /proc shows it: R, S, T, t, Z and others.
char state_of(pid_t pid) {
  auto const all = contents("/proc/" + std::to_string(pid) + "/stat");
  auto const end_of_name = all.rfind(')');
  return end_of_name == std::string::npos ? '-' : all[end_of_name + 2];
}

bool has_zombies(pid_t parent) {
  auto const children = children_of(parent);
  return std::any_of(children.begin(), children.end(),
                     [](auto const& child) { return child.state == 'Z'; });
}

// Runs what follows as the first process of a pid namespace.
arguments const as_first_process{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};

bool may_be_first_process() {
  auto argv = as_first_process;
  argv.push_back("true");
  if (run(argv).code() == 0) return true;
  MESSAGE("this user may not make a pid namespace");
  return false;
}

bool ends(pid_t pid) {
  return eventually([pid] { return !is_running(pid); });
}

}  // namespace

TEST_SUITE_BEGIN("children");

TEST_CASE("a script that is traced and stands still has not ended") {
  site const files;
  files.script("traced", traced);
  files.script("fine", "#!/bin/sh\n" + text_head + "echo fine\n");
  SUBCASE("it meets its deadline") {
    server const s(files, {"--script-timeout", "3s", "--grace", "100ms"});
    CHECK(ask(s.port(), "GET", "/cgi-bin/traced").status == 504);
    CHECK(ends(told_pid(files)));
  }
  SUBCASE("it keeps its place until its client has left") {
    server const s(files, {"--grace", "100ms", "--max-scripts", "1", "--queue", "0"});
    client c(s.port());
    c.send(request("GET", "/cgi-bin/traced"));
    auto const pid = told_pid(files);
    CHECK(eventually([pid] { return state_of(pid) == 't'; }));
    for (int i = 0; i < 10; ++i) CHECK(ask(s.port(), "GET", "/cgi-bin/fine").status == 503);
    c.close();
    CHECK(ends(pid));
    CHECK(eventually([&] { return ask(s.port(), "GET", "/cgi-bin/fine").status == 200; }));
  }
  SUBCASE("a stop of the server ends it") {
    server s(files, {"--script-timeout", "300s", "--grace", "100ms", "--drain-time", "1s"});
    client c(s.port());
    c.send(request("GET", "/cgi-bin/traced"));
    auto const pid = told_pid(files);
    CHECK(eventually([pid] { return state_of(pid) == 't'; }));
    s.signal(SIGTERM);
    CHECK(s.wait_for_end() == 0);
    CHECK(ends(pid));
  }
}

TEST_CASE("a server that was started with SIGCHLD ignored knows how its scripts end") {
  site const files;
  files.script("failing", "#!/bin/sh\nexit 3\n");
  server const s(files, {"--log-format", "json"}, {},
                 {"python3", "-c",
                  "import os, signal, sys\n"
                  "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
                  "os.execvp(sys.argv[1], sys.argv[1:])\n"});
  CHECK(ask(s.port(), "GET", "/cgi-bin/failing").status == 502);
  CHECK(s.logged("\"exit\":3"));
}

TEST_CASE("a script that makes children of the server's leaves no zombie") {
  site const files;
  // clone(2) by its number, with CLONE_PARENT.
  files.script("siblings",
               "#!/usr/bin/python3\n"
               "import ctypes, os, platform\n"
               "print('Content-Type: text/plain\\n', flush=True)\n"
               "number = 56 if platform.machine() == 'x86_64' else 220\n"
               "for i in range(20):\n"
               "    pid = ctypes.CDLL(None).syscall(number, 0x8000 | 17, 0, 0, 0, 0)\n"
               "    if pid == 0: os._exit(0)\n"
               "    print(pid)\n");
  server const s(files);
  for (int i = 0; i < 3; ++i) {
    auto const made = words(ask(s.port(), "GET", "/cgi-bin/siblings").body, '\n');
    CHECK(made.size() == 20);
  }
  CHECK(eventually([&] { return !has_zombies(s.pid()); }));
}

TEST_CASE("as the first process of a container the server reaps what scripts leave running") {
  if (!may_be_first_process()) return;
  site const files;
  files.script("leaves",
               "#!/bin/sh\n" + text_head +
                   "for i in 1 2 3; do (sleep 0.$i; exec sleep 0.1) >/dev/null 2>&1 & done\n"
                   "echo $$\n");
  files.script("failing", "#!/bin/sh\nexit 3\n");
  server s(files, {"--log-format", "json"}, {}, as_first_process);
  auto const children = children_of(s.pid());
  REQUIRE(children.size() == 1);
  pid_t const first = children.front().pid;
  for (int i = 0; i < 5; ++i) {
    CHECK(ask(s.port(), "GET", "/cgi-bin/leaves").status == 200);
    CHECK(ask(s.port(), "GET", "/cgi-bin/failing").status == 502);
  }
  CHECK(eventually([&] { return children_of(first).empty(); }));
  auto const failures = [&] {
    std::size_t out = 0;
    auto const log = s.log();
    for (auto at = log.find("\"exit\":3"); at != std::string::npos;
         at = log.find("\"exit\":3", at + 1))
      ++out;
    return out;
  };
  CHECK(eventually([&] { return failures() == 5; }));
  ::kill(first, SIGTERM);  // unshare hands no signal on
  CHECK(s.wait_for_end() == 0);
}

TEST_SUITE_END();
