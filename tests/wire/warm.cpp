// Warm starts (--warm): scripts that are forked from a template answer as after a cold start, and
// whatever becomes of the template costs nobody an answer. tests/warm/compare.py compares scripts
// one by one.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/types.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "client.hpp"
#include "patience.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;

namespace {

// What a template's command line has. For a script in Python ps(1) shows it, too.
constexpr char python_mark[] = "import posix";
constexpr char perl_mark[] = "sysread STDIN";

std::string command_line(pid_t pid) {
  return contents("/proc/" + std::to_string(pid) + "/cmdline");
}

std::vector<pid_t> templates_of(server const& s, std::string const& mark = python_mark) {
  std::vector<pid_t> out;
  for (auto const& child : children_of(s.pid())) {
    if (child.state != 'Z' && command_line(child.pid).find(mark) != std::string::npos)
      out.push_back(child.pid);
  }
  return out;
}

std::string python(std::string const& text) {
  return "#!/usr/bin/python3\n"
         "print('Content-Type: text/plain\\n')\n"
         "start = 'warm' if 'import posix' in open('/proc/self/cmdline').read() else 'cold'\n" +
         text;
}

std::string const says_how = python("print(start)\n");

std::string body_of(server const& s, std::string const& target) {
  auto const got = ask(s.port(), "GET", target);
  CHECK_MESSAGE(got.status == 200, s.log());
  return got.body;
}

// Asks until the script has been started out of a template.
bool gets_warm(server const& s, std::string const& target) {
  return eventually([&] { return body_of(s, target).starts_with("warm"); });
}

}  // namespace

TEST_SUITE_BEGIN("warm");

TEST_CASE("a script starts out of a template when there is one, and cold before") {
  site const files;
  files.script("how.py", says_how);
  server const s(files, {"--warm", "python3"});
  CHECK(body_of(s, "/cgi-bin/how.py") == "cold\n");
  CHECK(gets_warm(s, "/cgi-bin/how.py"));
  CHECK(templates_of(s).size() == 1);
}

TEST_CASE("without --warm there is no template") {
  site const files;
  files.script("how.py", says_how);
  server const s(files);
  for (int i = 0; i < 3; ++i) CHECK(body_of(s, "/cgi-bin/how.py") == "cold\n");
  CHECK(templates_of(s).empty());
}

TEST_CASE("a warm script has its own request, process group, directory and body") {
  site const files;
  files.script("own.py", python("import os, sys\n"
                                "print(start, os.environ['QUERY_STRING'], os.getcwd(),\n"
                                "      os.getpgrp() == os.getpid(), os.environ.get('HTTP_X'),\n"
                                "      sys.argv, sys.stdin.read(), sep='|')\n"));
  server const s(files, {"--warm", "python3"});
  REQUIRE(gets_warm(s, "/cgi-bin/own.py?a=1"));
  auto const here = files.cgi_bin().string();
  for (auto const* const body : {"one", "two and more"}) {
    auto const got = ask(s.port(), "POST", "/cgi-bin/own.py?b=2", "X: y\r\n", body);
    CHECK(got.body == "warm|b=2|" + here + "|True|y|['" + here + "/own.py']|" + body + "\n");
  }
  auto const got = ask(s.port(), "GET", "/cgi-bin/own.py?c=3");
  CHECK(got.body == "warm|c=3|" + here + "|True|None|['" + here + "/own.py']|\n");
}

TEST_CASE("a Perl script starts out of a template, with its DATA") {
  site const files;
  files.script(
      "how.pl",
      "#!/usr/bin/perl\n"
      "use strict; use warnings;\n"
      "print \"Content-Type: text/plain\\n\\n\";\n"
      "print $INC{'Filter/Util/Call.pm'} ? 'warm' : 'cold', \" $0 $ENV{QUERY_STRING} \", <DATA>;\n"
      "__DATA__\ndata\n");
  server const s(files, {"--warm", "perl"});
  REQUIRE(gets_warm(s, "/cgi-bin/how.pl?q=1"));
  auto const path = (files.cgi_bin() / "how.pl").string();
  CHECK(body_of(s, "/cgi-bin/how.pl?q=2") == "warm " + path + " q=2 data\n");
  CHECK(templates_of(s, perl_mark).size() == 1);
}

TEST_CASE("a script that fails fails warm as it does cold") {
  site const files;
  files.script("fails.py",
               "#!/usr/bin/python3\n"
               "import sys\n"
               "print(open('/proc/self/cmdline').read(), file=sys.stderr)\n"
               "1/0\n");
  files.script("how.py", says_how);
  server const s(files, {"--warm", "python3"});
  REQUIRE(gets_warm(s, "/cgi-bin/how.py"));
  auto const got = ask(s.port(), "GET", "/cgi-bin/fails.py");
  CHECK(got.status == 502);
  CHECK(got.body.find("ZeroDivisionError") != std::string::npos);
  CHECK(got.body.find("line 4") != std::string::npos);
  CHECK(s.logged("import posix"));
}

TEST_CASE("a template that is killed costs nobody an answer, and another takes its place") {
  site const files;
  files.script("how.py", says_how);
  server const s(files, {"--warm", "python3"});
  for (int i = 0; i < 3; ++i) {
    REQUIRE(gets_warm(s, "/cgi-bin/how.py"));
    auto const before = templates_of(s);
    REQUIRE(before.size() == 1);
    ::kill(before.front(), SIGKILL);
    CHECK(body_of(s, "/cgi-bin/how.py").ends_with("\n"));
  }
  CHECK(s.logged("template-failed"));
  CHECK(eventually([&] {
    auto const children = children_of(s.pid());
    return std::none_of(children.begin(), children.end(),
                        [](auto const& child) { return child.state == 'Z'; });
  }));
}

TEST_CASE("a template that stands still costs nobody an answer") {
  site const files;
  files.script("how.py", says_how);
  server const s(files, {"--warm", "python3"});
  REQUIRE(gets_warm(s, "/cgi-bin/how.py"));
  for (pid_t const pid : templates_of(s)) ::kill(pid, SIGSTOP);
  CHECK(body_of(s, "/cgi-bin/how.py") == "cold\n");
  CHECK(s.logged("did not answer in time"));
  CHECK(gets_warm(s, "/cgi-bin/how.py"));
}

TEST_CASE("a script that has changed runs as it is now") {
  site const files;
  files.script("new.py", python("print(start, 1)\n"));
  server const s(files, {"--warm", "python3"});
  REQUIRE(gets_warm(s, "/cgi-bin/new.py"));
  for (int i = 2; i < 6; ++i) {
    files.script("new.py", python("print(start, " + std::to_string(i) + ")\n"));
    auto const body = body_of(s, "/cgi-bin/new.py");
    CHECK(body.substr(body.find(' ')) == " " + std::to_string(i) + "\n");
  }
}

TEST_CASE("limits hold a warm script, and not its template") {
  site const files;
  files.script("limits.py",
               python("import resource as r\n"
                      "print(start, r.getrlimit(r.RLIMIT_NOFILE),\n"
                      "      r.getrlimit(r.RLIMIT_CPU), r.getrlimit(r.RLIMIT_FSIZE))\n"));
  server const s(files, {"--warm", "python3", "--limit-files", "50", "--limit-cpu", "7s",
                         "--limit-file-size", "1M"});
  REQUIRE(gets_warm(s, "/cgi-bin/limits.py"));
  CHECK(body_of(s, "/cgi-bin/limits.py") == "warm (50, 50) (7, 8) (1048576, 1048576)\n");
  auto const pids = templates_of(s);
  REQUIRE(pids.size() == 1);
  auto const held = contents("/proc/" + std::to_string(pids.front()) + "/limits");
  CHECK(held.find("Max cpu time              unlimited") != std::string::npos);
}

TEST_CASE("a directory with a module of a name that was loaded ahead starts cold") {
  site const files;
  files.script("first.py", python("import json\nprint(start)\n"));
  files.script("other/second.py", python("import json\nprint(start, json.mine)\n"));
  files.write(files.cgi_bin() / "other/json.py", "mine = 'own'\n");
  server const s(
      files, {"--warm", "python3", "--map", "/other cgi:" + (files.cgi_bin() / "other").string()});
  REQUIRE(gets_warm(s, "/cgi-bin/first.py"));
  auto const body = body_of(s, "/other/second.py");
  CHECK(body.substr(body.find(' ')) == " own\n");
}

TEST_CASE(
    "an interpreter whose wrapper changes the environment is no template, and the log says so") {
  site const files;
  auto const wrapper = files.write(files.base() / "bin/python3",
                                   "#!/bin/sh\nADDED=1 exec /usr/bin/python3 \"$@\"\n", 0755);
  files.script("how.py", "#!" + wrapper.string() + says_how.substr(says_how.find('\n')));
  server const s(files, {"--warm", "python3"});
  CHECK(eventually([&] {
    CHECK(body_of(s, "/cgi-bin/how.py") == "cold\n");
    return s.log().find("template-impossible") != std::string::npos;
  }));
  CHECK(s.log().find("(ADDED)") != std::string::npos);
}

TEST_CASE("in the sandbox scripts start cold, and the log says so") {
  site const files;
  files.script("how.py", says_how);
  server const s(files, {"--warm", "python3", "--sandbox"});
  if (s.log().find("warm-off") == std::string::npos) return;
  for (int i = 0; i < 3; ++i) CHECK(body_of(s, "/cgi-bin/how.py") == "cold\n");
}

TEST_CASE("a reload ends the templates of the configuration before") {
  site const files;
  files.script("how.py", says_how);
  server const s(files, {"--warm", "python3"});
  REQUIRE(gets_warm(s, "/cgi-bin/how.py"));
  auto const before = templates_of(s);
  REQUIRE(before.size() == 1);
  s.signal(SIGHUP);
  CHECK(s.logged("reloaded"));
  CHECK(eventually([&] {
    body_of(s, "/cgi-bin/how.py");
    return !is_running(before.front());
  }));
  CHECK(gets_warm(s, "/cgi-bin/how.py"));
}

TEST_CASE("no template outlives a server that is killed") {
  site const files;
  files.script("how.py", says_how);
  server s(files, {"--warm", "python3"});
  REQUIRE(gets_warm(s, "/cgi-bin/how.py"));
  auto const pids = templates_of(s);
  REQUIRE(pids.size() == 1);
  s.signal(SIGKILL);
  CHECK(s.wait_for_end().has_value());
  CHECK(eventually([&] { return !is_running(pids.front()); }));
}

TEST_SUITE_END();
