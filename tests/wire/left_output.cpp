// What a script's first process leaves behind: other processes that hold its output, and go on
// writing to it, or do not.

#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>
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

std::string const text_head = "printf 'Content-Type: text/plain\\n\\n'\n";
std::string const tell_own_pid = "echo early $$\n";
std::string const wait_for_go = "while [ ! -e go ]; do sleep 0.01; done\n";

// The pid that the script told in its answer, once it has ended.
pid_t wait_for_its_end(server const& s, client& c) {
  c.read_until("early ");
  pid_t const pid = std::atoi(c.read_until("\n").c_str());
  REQUIRE(pid > 0);
  CHECK(eventually([&] {
    for (auto const& child : children_of(s.pid())) {
      if (child.pid == pid) return false;
    }
    return true;
  }));
  return pid;
}

bool ends(pid_t pid) {
  return eventually([&] { return !is_running(pid); });
}

}  // namespace

TEST_SUITE_BEGIN("left_output");

TEST_CASE("what another process prints after the script has ended is part of the answer") {
  site const files;
  auto const later = wait_for_go + "echo late\n";
  auto const head = "#!/bin/sh\n" + text_head + tell_own_pid;
  files.script("background", head + "(" + later + ") &\n");
  files.script("twice", head + "((" + later + ") &) &\n");
  files.script("session", head + "setsid sh -c '" + later + "' &\n");
  files.script("changed", head + "exec setsid --fork sh -c '" + later + "'\n");
  files.script("filter", "#!/bin/bash\n" + text_head + "exec > >(cat; " + wait_for_go +
                             "echo late)\n" + tell_own_pid);
  files.script("forks",
               "#!/usr/bin/perl\n$| = 1;\n"
               "print \"Content-Type: text/plain\\n\\nearly $$\\n\";\n"
               "exit if fork;\n"
               "select undef, undef, undef, 0.01 until -e 'go';\n"
               "print \"late\\n\";\n");
  files.write("a.txt", "next");
  arguments options;
  std::vector<std::string> names = {"background", "twice", "forks", "filter"};
  SUBCASE("by itself") {
    names.insert(names.end(), {"session", "changed"});
  }
  SUBCASE("in the sandbox") {
    options = {"--sandbox"};
  }
  server const s(files, options);
  for (auto const& name : names) {
    CAPTURE(name);
    client c(s.port());
    c.send(request("GET", "/cgi-bin/" + name) + request("GET", "/a.txt"));
    wait_for_its_end(s, c);
    auto const go = files.write("cgi-bin/go", "");
    CHECK(c.read_until("\r\n0\r\n\r\n").find("late\n") != std::string::npos);
    CHECK(c.read_reply().body == "next");
    std::filesystem::remove(go);
  }
}

TEST_CASE("a process that holds the output in silence ends the answer, and the log names it") {
  site const files;
  files.script("leaver", "#!/bin/sh\n" + text_head + "sleep 1000 &\necho $!\n");
  arguments options;
  bool killed = false;
  SUBCASE("by itself") {}
  SUBCASE("in the sandbox, where it is killed then") {
    options = {"--sandbox"};
    killed = true;
  }
  server const s(files, options);
  auto const answer = ask(s.port(), "GET", "/cgi-bin/leaver");
  CHECK(answer.whole);
  pid_t const holder = std::atoi(answer.body.c_str());
  REQUIRE(holder > 0);
  CHECK(s.logged("script-output-held: /cgi-bin/leaver["));
  CHECK(s.logged("sleep[" + std::to_string(holder) + "] still holds its standard output"));
  CHECK(s.logged(">/dev/null"));
  if (killed) {
    CHECK(ends(holder));
  } else {
    CHECK(is_running(holder));
    ::kill(holder, SIGKILL);
  }
}

TEST_CASE("a script keeps its place while another process holds its output") {
  site const files;
  files.script("leaver", "#!/bin/sh\n" + text_head + tell_own_pid + "(" + wait_for_go + ") &\n");
  files.script("quick", "#!/bin/sh\n" + text_head + "echo quick\n");
  server const s(files, {"--max-scripts", "1", "--queue", "0"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/leaver"));
  wait_for_its_end(s, c);
  CHECK(ask(s.port(), "GET", "/cgi-bin/quick").status == 503);
  files.write("cgi-bin/go", "");
  CHECK(eventually([&] { return ask(s.port(), "GET", "/cgi-bin/quick").status == 200; }));
}

TEST_CASE("what a script left holding its output is stopped") {
  site const files;
  files.script("silent", "#!/bin/sh\n" + text_head + "sleep 1000 &\necho $! >pid\n" + tell_own_pid);
  files.script("endless", "#!/bin/sh\n" + text_head +
                              "while :; do echo x; sleep 0.01; done &\necho $! >pid\n" +
                              tell_own_pid);
  auto const left = [&] {
    pid_t pid = 0;
    CHECK(eventually(
        [&] { return (pid = std::atoi(contents(files.cgi_bin() / "pid").c_str())) > 0; }));
    return pid;
  };
  SUBCASE("when the client leaves") {
    server const s(files);
    for (std::string const name : {"silent", "endless"}) {
      CAPTURE(name);
      client c(s.port());
      c.send(request("GET", "/cgi-bin/" + name));
      wait_for_its_end(s, c);
      auto const pid = left();
      CHECK(is_running(pid));
      c.close();
      CHECK(ends(pid));
    }
  }
  SUBCASE("at the deadline of the script") {
    server const s(files, {"--script-deadline", "700ms"});
    client c(s.port());
    c.send(request("GET", "/cgi-bin/endless"));
    CHECK_FALSE(c.read_reply().whole);
    CHECK(ends(left()));
  }
  SUBCASE("when the server is stopped") {
    server s(files, {"--drain-time", "100ms"});
    client c(s.port());
    c.send(request("GET", "/cgi-bin/silent"));
    wait_for_its_end(s, c);
    auto const pid = left();
    s.signal(SIGTERM);
    CHECK(s.wait_for_end());
    CHECK_FALSE(is_running(pid));
  }
}

TEST_SUITE_END();
