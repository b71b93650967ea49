// The process that a script runs as: how it is started, fed, watched, stopped and explained.

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

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

// Shell lines that write pids to the file `pids` in one step, and that wait for the file `go`.
std::string tell_pids(std::string const& pids) {
  return "echo " + pids + " >pids.part\nmv pids.part pids\n";
}
std::string const wait_for_go = "while [ ! -e go ]; do sleep 0.01; done\n";

// A script that has a child, says nothing and waits for ever.
std::string const silent = "#!/bin/sh\nsleep 1000 &\n" + tell_pids("$$ $!") + "wait\n";

// The same, deaf to TERM, and its child as well.
std::string const stubborn = "#!/bin/sh\ntrap '' TERM\nsleep 1000 &\n" + tell_pids("$$ $!") +
                             "while :; do wait; sleep 1000; done\n";

// The pids that the script has told, once it has.
std::vector<pid_t> told_pids(site const& files) {
  auto const file = files.cgi_bin() / "pids";
  REQUIRE(eventually([&] { return fs::exists(file); }));
  std::vector<pid_t> out;
  for (auto const& word : words(contents(file), ' ')) out.push_back(std::atoi(word.c_str()));
  fs::remove(file);
  return out;
}

bool all_end(std::vector<pid_t> const& pids) {
  return eventually([&] {
    for (pid_t const pid : pids) {
      if (is_running(pid)) return false;
    }
    return true;
  });
}

}  // namespace

TEST_SUITE_BEGIN("cgi_process");

TEST_CASE("a script runs as a batch task, with the server's share and without its haste") {
  site const files;
  files.script("policy", "#!/bin/sh\n" + text_head + "cut -d' ' -f19,41 /proc/self/stat\n");
  server const s(files);
  client c(s.port());
  c.send(request("GET", "/cgi-bin/policy"));
  auto const ours = std::to_string(::getpriority(PRIO_PROCESS, 0));
  CHECK(c.read_reply().body == ours + " " + std::to_string(SCHED_BATCH) + "\n");  // nice, policy
}

TEST_CASE("the words of a query without = are arguments") {
  site const files;
  files.play("argv", "argv");
  server const s(files);
  struct row {
    std::string_view label;
    std::string method;
    std::string query;
    std::vector<std::string> expected;
  };
  row const rows[] = {
      {"no query", "GET", "", {}},
      {"an empty query", "GET", "?", {}},
      {"one word", "GET", "?a", {"a"}},
      {"three words", "GET", "?a+b+c", {"a", "b", "c"}},
      {"HEAD has them too", "HEAD", "?a", {}},
      {"decoded after they are split", "GET", "?a%20b+c%2Bd", {"a b", "c+d"}},
      {"an encoded = is part of a word", "GET", "?a%3Db", {"a=b"}},
      {"a form is not words", "GET", "?a=b", {}},
      {"a form further on", "GET", "?a+b=c", {}},
      {"one bad word drops all", "GET", "?a+%zz+b", {}},
      {"NUL drops all", "GET", "?a+%00", {}},
      {"not for POST", "POST", "?a", {}},
      {"what means something to a shell", "GET", "?$(id)+%60id%60+%3B%26", {"$(id)", "`id`", ";&"}},
      {"a dash after the script's path", "GET", "?-s+--play", {"-s", "--play"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const answer = ask(s.port(), r.method, "/cgi-bin/argv"s + r.query);
    CHECK(answer.status == 200);
    CHECK(words(answer.body, '\0') == r.expected);
  }
}

TEST_CASE("an interpreter receives no option from a URL") {
  site const files;
  auto const interpreter = files.write(files.base() / "interpreter",
                                       "#!/bin/sh\n" + text_head + "printf '%s\\n' \"$@\"\n", 0755);
  auto const page = files.write("page.xyz", "source");
  server const s(files, {"--cgi-ext", ".xyz", "--interpreter", ".xyz=" + interpreter.string()});
  for (std::string const query : {"?-s", "?-d+allow_url_include", "?%2Ds", "?a+-s", "?--+-s"}) {
    CAPTURE(query);
    auto const answer = ask(s.port(), "GET", "/page.xyz"s + query);
    REQUIRE(answer.status == 200);
    bool after_path = false;
    for (auto const& argument : words(answer.body, '\n')) {
      if (argument == page.string()) after_path = true;
      CHECK((after_path || !argument.starts_with("-")));
    }
  }
}

TEST_CASE("an interpreter gets arguments of its own before the script's path") {
  site const files;
  auto const interpreter = files.write(files.base() / "my interpreter",
                                       "#!/bin/sh\n" + text_head + "printf '%s\\n' \"$@\"\n", 0755);
  auto const page = files.write("page.xyz", "source");
  server const s(files, {"--cgi-ext", ".xyz", "--interpreter",
                         ".xyz=\"" + interpreter.string() + "\" -u  \"a b\""});
  CHECK(ask(s.port(), "GET", "/page.xyz?-x").body == "-u\na b\n" + page.string() + "\n");
}

TEST_CASE("a script runs in its directory, alone in its group, with three descriptors") {
  site const files;
  files.play("process", "process");
  files.play("sub/process", "process");
  files.write("big.bin", std::string(500'000, 'x'));
  server const s(files);
  // Connections and open files of the server that must not be inherited.
  client idle(s.port());
  client reading(s.port(), 4096);
  reading.send(request("GET", "/big.bin"));
  reading.read_head();
  for (std::string const target : {"/cgi-bin/process", "/cgi-bin/sub/process"}) {
    CAPTURE(target);
    auto const v = entries(ask(s.port(), "POST", target, "", "body").body, '\n');
    CHECK(v.at("directory") ==
          (files.root().string() + target).substr(0, (files.root().string() + target).rfind('/')));
    CHECK(v.at("descriptors") == "0,1,2");
    CHECK(v.at("group") == v.at("pid"));
    CHECK(v.at("group") != std::to_string(s.pid()));
    CHECK(v.at("blocked") == "");
    CHECK(v.at("ignored") == "");
  }
}

TEST_CASE("many scripts at once have three descriptors each") {
  site const files;
  files.play("process", "process");
  server const s(files, {"--max-scripts", "8"});
  std::vector<std::unique_ptr<client>> clients;
  for (int i = 0; i < 24; ++i) {
    clients.push_back(std::make_unique<client>(s.port()));
    clients.back()->send(request("POST", "/cgi-bin/process", "", "body"));
  }
  for (auto const& c : clients) {
    CHECK(entries(c->read_reply().body, '\n').at("descriptors") == "0,1,2");
  }
}

TEST_CASE("standard input ends after the body") {
  site const files;
  files.script("count", "#!/bin/sh\n" + text_head + "wc -c\n");
  server const s(files);
  client c(s.port());
  c.send(request("POST", "/cgi-bin/count", "", "12345") + request("GET", "/cgi-bin/count") +
         request("POST", "/cgi-bin/count", "Content-Length: 0\r\n"));
  CHECK(std::atoi(c.read_reply().body.c_str()) == 5);
  CHECK(std::atoi(c.read_reply().body.c_str()) == 0);
  CHECK(std::atoi(c.read_reply().body.c_str()) == 0);
}

TEST_CASE("a script reads its input while the client still sends it") {
  site const files;
  files.script("line", "#!/bin/sh\nread one\n" + text_head + "echo \"got $one\"\ncat\n");
  server const s(files);
  client c(s.port());
  // So much of it that it is seen to come fast; a slow one is waited for (slow_bodies.cpp).
  std::string const most(300'000, 'x');
  c.send("POST /cgi-bin/line HTTP/1.1\r\nHost: h\r\nContent-Length: 300009\r\n\r\nabc\n" + most);
  c.read_until("got abc\n");
  c.send("12345");
  CHECK(c.read_until("12345").ends_with("12345"));
}

TEST_CASE("a large body is exact, and the next request is not a part of it") {
  site const files;
  auto const body = run({"seq", "500000"}).out;
  files.play("echo", "echo");
  files.script("slow",
               "#!/usr/bin/python3\nimport os, sys\n"
               "out = sys.stdout.buffer\n"
               "out.write(b'Content-Type: text/plain\\n\\n')\n"
               "while piece := os.read(0, 1000):\n"
               "    out.write(piece)\n");
  files.script("late", "#!/bin/sh\n" + text_head + wait_for_go + "cat\n");
  files.write("a.txt", "next");
  server const s(files);
  SUBCASE("sent at once") {
    for (std::string const target : {"/cgi-bin/echo", "/cgi-bin/slow"}) {
      CAPTURE(target);
      client c(s.port());
      for (int i = 0; i < 2; ++i) {
        c.send(request("POST", target, "", body) + request("GET", "/a.txt"));
        CHECK((c.read_reply().body == body));
        CHECK(c.read_reply().body == "next");
      }
    }
  }
  SUBCASE("after the client was asked to go on") {
    client c(s.port());
    c.send("POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n");
    CHECK(c.read_head().status == 100);
    c.send(body + request("GET", "/a.txt"));
    CHECK((c.read_reply().body == body));
    CHECK(c.read_reply().body == "next");
  }
  SUBCASE("in pieces, to a script that does not read at first") {
    client c(s.port());
    c.send("POST /cgi-bin/late HTTP/1.1\r\nHost: h\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n");
    std::size_t const first = 1'000'000;
    for (std::size_t at = 0; at < first; at += 10'000) c.send(body.substr(at, 10'000));
    auto answer = c.read_head();
    files.write("cgi-bin/go", "");
    c.send(body.substr(first) + request("GET", "/a.txt"));
    c.read_body(answer);
    CHECK((answer.body == body));
    CHECK(c.read_reply().body == "next");
  }
}

TEST_CASE("a script may stop reading in the middle of a large body") {
  site const files;
  auto const take_some = "head -c 200000 >/dev/null\n"s;
  files.script("ends", "#!/bin/sh\n" + take_some + text_head + "echo enough\n");
  files.script("closes", "#!/bin/sh\n" + take_some + "exec <&-\n" + text_head + "echo enough\n");
  server const s(files);
  for (std::string const target : {"/cgi-bin/ends", "/cgi-bin/closes"}) {
    CAPTURE(target);
    client c(s.port());
    c.send(request("POST", target, "", std::string(3'000'000, 'y')));
    auto const answer = c.read_reply();
    CHECK(answer.status == 200);
    CHECK(answer.body == "enough\n");
  }
}

TEST_CASE("what a script is given of a large body shows in the trace") {
  site const files;
  files.script("count", "#!/bin/sh\n" + text_head + "wc -c\n");
  server const s(files, {"--log-level", "trace"});
  CHECK(std::atoi(
            ask(s.port(), "POST", "/cgi-bin/count", "", std::string(300'000, 'y')).body.c_str()) ==
        300'000);
  std::size_t shown = 0;
  for (auto const& line : words(s.log(), '\n')) {
    auto const at = line.find("stdin-bytes: ");
    if (at != std::string::npos) shown += std::stoul(line.substr(at + 13));
  }
  CHECK(shown == 300'000);
}

TEST_CASE("a script may write before it reads") {
  site const files;
  files.script("first",
               "#!/usr/bin/python3\nimport sys\n"
               "sys.stdout.write('Content-Type: text/plain\\n\\n' + 'x' * 1000000)\n"
               "sys.stdout.flush()\n"
               "print(len(sys.stdin.buffer.read()))\n");
  server const s(files);
  client c(s.port());
  c.send(request("POST", "/cgi-bin/first", "", std::string(1'000'000, 'y')));
  auto const answer = c.read_reply();
  CHECK(answer.body.size() == 1'000'008);
  CHECK(answer.body.ends_with("x1000000\n"));
}

TEST_CASE("a script may never read its input") {
  site const files;
  files.script("deaf", "#!/bin/sh\nexec <&-\n" + text_head + "echo deaf\n");
  server const s(files);
  client c(s.port());
  c.send(request("POST", "/cgi-bin/deaf", "", std::string(3'000'000, 'y')));
  auto const answer = c.read_reply();
  CHECK(answer.status == 200);
  CHECK(answer.body == "deaf\n");
}

TEST_CASE("standard error goes to the log, line by line and escaped, and not to the client") {
  site const files;
  files.script("noisy",
               "#!/bin/sh\n"
               "printf 'first line\\nsecond \\033[31m line\\nforged\\rline\\n' >&2\n" +
                   text_head + "echo fine\nprintf 'no line end' >&2\n");
  server const s(files);
  auto const answer = ask(s.port(), "GET", "/cgi-bin/noisy");
  CHECK(answer.body == "fine\n");
  CHECK(s.logged("first line\n"));
  CHECK(s.logged("second \\x1b[31m line\n"));
  CHECK(s.logged("forged\\x0dline\n"));
  CHECK(s.logged("no line end\n"));
}

TEST_CASE(
    "standard error reaches the log while a script runs, before its output and after it began") {
  site const files;
  files.script("early", "#!/bin/sh\necho early >&2\n" + wait_for_go + text_head + "echo fine\n");
  files.script("late", "#!/bin/sh\n" + text_head + "echo fine\necho late >&2\n" + wait_for_go);
  files.script("closed",
               "#!/bin/sh\n" + text_head + "echo fine\nexec >&-\necho closed >&2\n" + wait_for_go);
  server const s(files);
  for (std::string const name : {"early", "late", "closed"}) {
    CAPTURE(name);
    client c(s.port());
    c.send(request("GET", "/cgi-bin/" + name));
    CHECK(s.logged("] " + name + "\n"));
    files.write("cgi-bin/go", "");
    CHECK(c.read_reply().body == "fine\n");
    fs::remove(files.cgi_bin() / "go");
  }
}

TEST_CASE("much on standard error does not block a script") {
  site const files;
  files.script("noisy", "#!/bin/sh\nseq 20000 >&2\n" + text_head + "echo fine\n");
  server const s(files);
  CHECK(ask(s.port(), "GET", "/cgi-bin/noisy").body == "fine\n");
}

TEST_CASE("a script that cannot be run has the status that says why") {
  site const files;
  files.write("cgi-bin/plain", "#!/bin/sh\necho\n", 0644);
  files.script("lost", "#!/nowhere/interpreter\n");
  files.script("dos", "#!/bin/sh\r\necho\r\n");
  files.script("binary",
               "\x7f"
               "ELF nonsense");
  files.script("nothing", "");
  files.script("sub/inner", "#!/bin/sh\n");
  server const s(files);
  struct row {
    std::string_view label;
    std::string target;
    unsigned status;
  };
  row const rows[] = {
      {"no execute bit", "/cgi-bin/plain", 403},
      {"no such script", "/cgi-bin/none", 404},
      {"no such script and a rest", "/cgi-bin/none/rest", 404},
      {"a missing interpreter", "/cgi-bin/lost", 500},
      {"CRLF in the first line", "/cgi-bin/dos", 500},
      {"exec format", "/cgi-bin/binary", 500},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    for (std::string const method : {"GET", "POST"}) {
      CHECK(ask(s.port(), method, r.target).status == r.status);
    }
  }
  for (std::string const target : {"/cgi-bin/none/", "/cgi-bin/sub", "/cgi-bin/nothing"}) {
    CAPTURE(target);
    auto const status = ask(s.port(), "GET", target).status;
    CHECK(status >= 403);
    CHECK(status <= 502);
  }
}

TEST_CASE("a script that prints nothing is 502 and one that is too slow 504") {
  site const files;
  files.script("mute", "#!/bin/sh\nexit 0\n");
  files.script("failing", "#!/bin/sh\nexit 3\n");
  files.script("killed", "#!/bin/sh\nkill -SEGV $$\n");
  files.script("slow", silent);
  server const s(files, {"--script-timeout", "300ms", "--grace", "300ms"});
  CHECK(ask(s.port(), "GET", "/cgi-bin/mute").status == 502);
  CHECK(ask(s.port(), "GET", "/cgi-bin/failing").status == 502);
  CHECK(ask(s.port(), "GET", "/cgi-bin/killed").status == 502);
  CHECK(ask(s.port(), "GET", "/cgi-bin/slow").status == 504);
  CHECK(all_end(told_pids(files)));
}

TEST_CASE("a script that takes a body as it comes is not too slow") {
  site const files;
  files.script("sink", "#!/bin/sh\ncount=$(wc -c)\n" + text_head + "echo $count\n");
  server const s(files, {"--script-timeout", "2s"});
  client c(s.port());
  std::string const piece(100'000, 'x');
  c.send("POST /cgi-bin/sink HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n");
  // Longer in all than a script may be silent.
  int sent = 0;
  auto const began = std::chrono::steady_clock::now();
  CHECK(eventually([&] {
    bool const due = std::chrono::steady_clock::now() - began > sent * 100ms;
    if (due && sent < 30) c.send(piece), ++sent;
    return sent == 30;
  }));
  CHECK(c.read_reply().body == "3000000\n");
}

TEST_CASE("a script that falls silent in its body is stopped, and the answer is cut") {
  site const files;
  files.script("slow", "#!/bin/sh\n" + text_head + "echo start\n" + silent);
  server const s(files, {"--script-timeout", "300ms", "--grace", "300ms"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/slow"));
  auto const answer = c.read_reply();
  CHECK(answer.body == "start\n");
  CHECK_FALSE(answer.whole);
  CHECK(all_end(told_pids(files)));
}

TEST_CASE("a script that never ends is stopped at its deadline") {
  site const files;
  files.script("endless", "#!/bin/sh\n" + tell_pids("$$") + text_head +
                              "while :; do echo x; sleep 0.02; done\n");
  server const s(files, {"--script-deadline", "500ms", "--grace", "300ms"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/endless"));
  CHECK_FALSE(c.read_reply().whole);
  CHECK(all_end(told_pids(files)));
}

TEST_CASE("too many scripts are 503 with Retry-After") {
  site const files;
  files.script("busy", "#!/bin/sh\n" + tell_pids("$$") + wait_for_go + text_head + "echo done\n");
  SUBCASE("at once when the queue is full, later when it takes too long") {
    server const s(files, {"--max-scripts", "1", "--queue", "1", "--queue-timeout", "2s"});
    client first(s.port());
    client second(s.port());
    client third(s.port());
    first.send(request("GET", "/cgi-bin/busy"));
    told_pids(files);
    // One of the two takes the place in the queue; both are refused in the end.
    second.send(request("GET", "/cgi-bin/busy"));
    third.send(request("GET", "/cgi-bin/busy"));
    for (client* const c : {&second, &third}) {
      auto const answer = c->read_reply();
      CHECK(answer.status == 503);
      CHECK(std::atoi(answer.field("Retry-After").c_str()) > 0);
    }
    files.write("cgi-bin/go", "");
    CHECK(first.read_reply().body == "done\n");
    // The connection goes on, and there is room again.
    second.send(request("GET", "/cgi-bin/busy"));
    CHECK(second.read_reply().body == "done\n");
  }
  SUBCASE("not for one that waits its turn") {
    server const s(files, {"--max-scripts", "1", "--queue", "1"});
    client first(s.port());
    client second(s.port());
    first.send(request("GET", "/cgi-bin/busy"));
    told_pids(files);
    second.send(request("GET", "/cgi-bin/busy"));
    files.write("cgi-bin/go", "");
    CHECK(first.read_reply().body == "done\n");
    CHECK(second.read_reply().body == "done\n");
  }
  SUBCASE("files are served meanwhile") {
    files.write("a.txt", "first");
    server const s(files, {"--max-scripts", "1", "--threads", "1"});
    client first(s.port());
    first.send(request("GET", "/cgi-bin/busy"));
    told_pids(files);
    CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
    files.write("cgi-bin/go", "");
    CHECK(first.read_reply().body == "done\n");
  }
}

TEST_CASE("a client that leaves while it waits in the queue frees its place") {
  site const files;
  files.script("busy", "#!/bin/sh\n" + tell_pids("$$") + wait_for_go + text_head + "echo done\n");
  files.script("quick", "#!/bin/sh\ntouch ran\n" + text_head + "echo quick\n");
  server const s(files, {"--max-scripts", "1", "--queue", "1"});
  client first(s.port());
  first.send(request("GET", "/cgi-bin/busy"));
  told_pids(files);
  {
    client leaving(s.port());
    leaving.send(request("GET", "/cgi-bin/quick"));
  }
  CHECK(s.logged("client-gone: 499"));
  // Refused while the one that left is not yet seen to have gone.
  CHECK(eventually([&] {
    client probe(s.port());
    probe.send(request("GET", "/cgi-bin/quick"));
    files.write("cgi-bin/go", "");
    return probe.read_reply().status == 200;
  }));
  CHECK(first.read_reply().body == "done\n");
}

TEST_CASE("the whole group is stopped when the client leaves") {
  site const files;
  files.script("silent", silent);
  files.script("talking", "#!/bin/sh\nsleep 1000 &\n" + text_head + "echo start\n" +
                              tell_pids("$$ $!") + "wait\n");
  files.script("endless", "#!/bin/sh\nsleep 1000 &\n" + tell_pids("$$ $!") + text_head +
                              "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n");
  files.script("flood", "#!/bin/sh\n" + tell_pids("$$") + text_head + "exec yes\n");
  server const s(files);
  struct row {
    std::string_view label;
    std::string target;
    bool by_reset;
    std::size_t taken;
  };
  row const rows[] = {
      {"while the script is silent", "/cgi-bin/silent", false, 0},
      {"by a reset while the script is silent", "/cgi-bin/silent", true, 0},
      {"after the head", "/cgi-bin/talking", false, 0},
      {"by a reset after the head", "/cgi-bin/talking", true, 0},
      {"while the script writes", "/cgi-bin/endless", false, 0},
      {"by a reset while the script writes", "/cgi-bin/endless", true, 0},
      {"in the middle of a large answer", "/cgi-bin/flood", false, 1'000'000},
      {"by a reset in the middle of a large answer", "/cgi-bin/flood", true, 1'000'000},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port(), 4096);
    c.send(request("GET", r.target));
    auto const pids = told_pids(files);
    CHECK(pids.size() >= 1);
    if (r.taken > 0) c.read_exactly(r.taken);
    if (r.by_reset) {
      c.reset();
    } else {
      c.close();
    }
    CHECK(all_end(pids));
  }
}

TEST_CASE("the group is stopped though unread bytes hide that the client has left") {
  site const files;
  files.script("silent", silent);
  // What is traced is not moved by splice, which lets a pipe take an unknown amount.
  server const s(files, {"--log-level", "trace"});
  std::string bytes;
  SUBCASE("the next request") {
    bytes = request("GET", "/cgi-bin/silent") + request("GET", "/");
  }
  SUBCASE("a body that the script does not read") {
    // More than its pipe and the server's buffer hold, and less than the socket holds as well.
    bytes = request("POST", "/cgi-bin/silent", "", std::string(140'000, 'x'));
  }
  client c(s.port());
  c.send(bytes);
  auto const pids = told_pids(files);
  c.close();
  CHECK(all_end(pids));
}

TEST_CASE("a client that stops sending its body does not keep a script") {
  site const files;
  files.script("reading", "#!/bin/sh\n" + tell_pids("$$") + "cat >/dev/null\nsleep 1000\n");
  server const s(files, {"--idle-timeout", "300ms"});
  client c(s.port());
  c.send("POST /cgi-bin/reading HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" +
         std::string(500'000, 'x'));
  CHECK(c.read_reply().status == 408);
  CHECK(c.ends_here());
  CHECK(all_end(told_pids(files)));
}

TEST_CASE("a client that does not take its answer does not keep a script") {
  site const files;
  files.script("endless", "#!/bin/sh\n" + tell_pids("$$") + text_head +
                              "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n");
  server const s(files, {"--idle-timeout", "300ms"});
  client c(s.port(), 4096);
  c.send(request("GET", "/cgi-bin/endless"));
  CHECK(all_end(told_pids(files)));
}

TEST_CASE("a script has a moment to answer a client that has closed its side") {
  site const files;
  // Longer than a script runs before its client is watched, and shorter than the grace.
  files.script("thoughtful", "#!/bin/sh\nsleep 0.3\n" + text_head + "echo thought\n");
  server const s(files);
  bool answered = false;
  // Again if the machine stood still until the grace was over.
  for (int attempt = 0; attempt < 5 && !answered; ++attempt) {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/thoughtful"));
    c.half_close();
    answered = c.read_to_end().find("thought\n") != std::string::npos;
  }
  CHECK(answered);
}

TEST_CASE("many clients at once are all answered") {
  site const files;
  files.play("echo", "echo");
  server const s(files, {"--max-scripts", "4"});
  std::vector<std::unique_ptr<client>> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(std::make_unique<client>(s.port()));
    clients.back()->send(request("POST", "/cgi-bin/echo", "", "number " + std::to_string(i)));
  }
  for (int i = 0; i < 60; ++i) {
    CHECK(clients[static_cast<std::size_t>(i)]->read_reply().body == "number " + std::to_string(i));
  }
}

TEST_CASE("a client that leaves in the middle of its body stops the script") {
  site const files;
  files.script("reading", "#!/bin/sh\n" + tell_pids("$$") +
                              "cat >got\n[ $(wc -c <got) = 1000000 ] && touch whole\nsleep 1000\n");
  server const s(files);
  struct row {
    std::string_view label;
    std::size_t sent;
    bool by_reset;
  };
  row const rows[] = {
      {"after its first part", 300'000, false},
      {"by a reset after its first part", 300'000, true},
      {"after a large part", 500'000, false},
      {"by a reset after a large part", 500'000, true},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send("POST /cgi-bin/reading HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" +
           std::string(r.sent, 'x'));
    auto const pids = told_pids(files);
    if (r.by_reset) {
      c.reset();
    } else {
      c.close();
    }
    CHECK(all_end(pids));
    CHECK_FALSE(fs::exists(files.cgi_bin() / "whole"));
  }
}

TEST_CASE("what ignores TERM is killed after the grace period") {
  site const files;
  files.script("stubborn", stubborn);
  server const s(files, {"--grace", "200ms"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/stubborn"));
  auto const pids = told_pids(files);
  CHECK(pids.size() == 2);
  c.close();
  CHECK(all_end(pids));
}

TEST_CASE("a script gets its grace period to tidy up") {
  site const files;
  files.script("tidy", "#!/bin/sh\ntrap 'kill $!; touch tidied; exit' TERM\nsleep 1000 &\n" +
                           tell_pids("$$") + "wait\n");
  server const s(files);
  client c(s.port());
  c.send(request("GET", "/cgi-bin/tidy"));
  auto const pids = told_pids(files);
  c.close();
  CHECK(all_end(pids));
  CHECK(fs::exists(files.cgi_bin() / "tidied"));
}

TEST_CASE("a background process that never stops writing errors does not hold the client") {
  site const files;
  // The script ends when the pipe is full.
  files.script("errors", "#!/bin/sh\n" + text_head + "yes >&2 2>/dev/null &\nsleep 0.2\n");
  files.write("a.txt", "first");
  server const s(files, {"--threads", "1"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/errors") + request("GET", "/a.txt"));
  c.read_until("\r\n0\r\n\r\n");
  CHECK(c.read_reply().body == "first");
}

TEST_CASE("the answer ends with the output, not with the process") {
  site const files;
  files.script("quiet", "#!/bin/sh\n" + text_head + "echo out\nexec >&- 2>&-\n" + tell_pids("$$") +
                            wait_for_go);
  server const s(files);
  client c(s.port());
  c.send(request("GET", "/cgi-bin/quiet"));
  auto const answer = c.read_reply();
  CHECK(answer.body == "out\n");
  CHECK(answer.whole);
  auto const pids = told_pids(files);
  files.write("cgi-bin/go", "");
  CHECK(all_end(pids));
}

TEST_CASE("a script that closes its outputs and runs on keeps its place and its deadline") {
  site const files;
  auto const quiet = "#!/bin/sh\n" + text_head + "echo out\nexec >&- 2>&-\n" + tell_pids("$$");
  files.script("quiet", quiet + wait_for_go);
  files.script("endless", quiet + "exec sleep 1000\n");
  SUBCASE("its place") {
    server const s(files, {"--max-scripts", "1", "--queue", "0"});
    CHECK(ask(s.port(), "GET", "/cgi-bin/quiet").body == "out\n");
    auto const pids = told_pids(files);
    CHECK(ask(s.port(), "GET", "/cgi-bin/quiet").status == 503);
    files.write("cgi-bin/go", "");
    CHECK(all_end(pids));
    CHECK(eventually([&] { return ask(s.port(), "GET", "/cgi-bin/quiet").status == 200; }));
  }
  SUBCASE("its deadline") {
    server const s(files, {"--script-deadline", "500ms", "--grace", "300ms"});
    CHECK(ask(s.port(), "GET", "/cgi-bin/endless").body == "out\n");
    CHECK(all_end(told_pids(files)));
  }
}

TEST_CASE("a script that is being stopped keeps its place until it has ended") {
  site const files;
  files.script("stubborn", "#!/bin/sh\ntrap '' TERM\n" + tell_pids("$$") + text_head +
                               "head -c 400000 /dev/zero\nwhile :; do sleep 1000; done\n");
  files.script("quick", "#!/bin/sh\n" + text_head + "echo quick\n");
  // Again, because it matters how soon: the script's end is not watched at first.
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    server const s(files, {"--max-scripts", "1", "--queue", "0", "--grace", "60s"});
    client c(s.port(), 4096);
    c.send(request("GET", "/cgi-bin/stubborn"));
    c.read_head();
    c.reset();
    CHECK(s.logged("\"GET /cgi-bin/stubborn HTTP/1.1\""));
    CHECK(ask(s.port(), "GET", "/cgi-bin/quick").status == 503);
    for (pid_t const pid : told_pids(files)) ::kill(-pid, SIGKILL);
    CHECK(eventually([&] { return ask(s.port(), "GET", "/cgi-bin/quick").status == 200; }));
  }
}

TEST_CASE("no zombie is left by any end of a script") {
  site const files;
  files.script("failing", "#!/bin/sh\nexit 3\n");
  files.script("lost", "#!/nowhere/interpreter\n");
  files.script("fine", "#!/bin/sh\n" + text_head + "echo fine\n");
  server const s(files);
  for (int i = 0; i < 5; ++i) {
    for (std::string const name : {"failing", "lost", "fine"}) {
      ask(s.port(), "GET", "/cgi-bin/"s + name);
    }
  }
  CHECK(eventually([&] {
    for (auto const& child : children_of(s.pid())) {
      if (child.state == 'Z') return false;
    }
    return true;
  }));
}

TEST_CASE("a directory of programs answers by the first of --index that is a program in it") {
  site const files;
  files.write("cgi-bin/index.html", "no program");
  files.script("index.cgi", "#!/bin/sh\n" + text_head + "echo \"$SCRIPT_NAME $REQUEST_METHOD\"\n");
  files.script("app/index.cgi",
               "#!/bin/sh\n" + text_head + "echo \"$SCRIPT_NAME $QUERY_STRING\"\n");
  files.write("cgi-bin/empty/a.txt", "");
  server const s(files, {"--index", "index.html,index.cgi"});
  CHECK(ask(s.port(), "GET", "/cgi-bin/").body == "/cgi-bin/index.cgi GET\n");
  CHECK(ask(s.port(), "GET", "/cgi-bin/app/?q").body == "/cgi-bin/app/index.cgi q\n");
  for (std::string const target : {"/cgi-bin?a=b", "/cgi-bin/app?a=b"}) {
    CAPTURE(target);
    auto const moved = ask(s.port(), "GET", target);
    CHECK(moved.status == 301);
    CHECK(moved.field("Location") == target.substr(0, target.find('?')) + "/?a=b");
  }
  CHECK(ask(s.port(), "GET", "//cgi-bin//app").field("Location") == "/cgi-bin/app/");
  CHECK(ask(s.port(), "POST", "/cgi-bin", "", "x").body == "/cgi-bin/index.cgi POST\n");
  CHECK(ask(s.port(), "GET", "/cgi-bin/empty/").status == 404);
  CHECK(ask(s.port(), "GET", "/cgi-bin/app/none").status == 404);
}

TEST_CASE("an nph script writes straight to the client") {
  site const files;
  std::string const raw =
      "HTTP/1.1 299 Own Words\r\nX-Own: yes\r\nContent-Length: 3\r\n\r\nabc and more\n";
  files.printing("nph-own", raw);
  files.script("nph-slow", "#!/bin/sh\nprintf 'HTTP/1.1 200 OK\\r\\n\\r\\none\\n'\n" + wait_for_go +
                               "echo two\n");
  server const s(files);
  SUBCASE("exactly what it writes, and then the connection closes") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/nph-own") + request("GET", "/cgi-bin/nph-own"));
    CHECK(c.read_to_end() == raw);
  }
  SUBCASE("as it writes it") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/nph-slow"));
    c.read_until("one\n");
    files.write("cgi-bin/go", "");
    CHECK(c.read_to_end() == "two\n");
  }
}

TEST_CASE("a page for loopback clients explains what went wrong") {
  site const files;
  auto const plain = files.write("cgi-bin/plain", "#!/bin/sh\necho\n", 0644);
  files.script("lost", "#!/nowhere/interpreter -x\n");
  files.script("dos", "#!/bin/sh\r\necho\r\n");
  files.printing("bare", "Hello, world!\nmore\n");
  files.printing("headless", "<b>no header</b>\n");
  files.printing("status", "Status: fine\nContent-Type: text/plain\n\n");
  files.script("failing", "#!/bin/sh\necho 'the <reason> why' >&2\nexit 42\n");
  files.script("killed", "#!/bin/sh\nkill -ABRT $$\n");
  files.script("slow", silent);
  server const s(files, {"--script-timeout", "400ms", "--grace", "100ms"});
  struct row {
    std::string_view label;
    std::string target;
    std::vector<std::string> in_text;
    std::vector<std::string> in_html;
  };
  row const rows[] = {
      {"no execute bit", "/cgi-bin/plain", {"chmod", plain.string()}, {"chmod"}},
      {"a missing interpreter",
       "/cgi-bin/lost",
       {"/nowhere/interpreter"},
       {"/nowhere/interpreter"}},
      {"CRLF in the first line", "/cgi-bin/dos", {"CR LF"}, {"CR LF"}},
      {"no header", "/cgi-bin/bare", {"Hello, world!"}, {"Hello, world!"}},
      {"markup", "/cgi-bin/headless", {"<b>no header</b>"}, {"&lt;b&gt;no header&lt;/b&gt;"}},
      {"a bad status", "/cgi-bin/status", {"Status: fine"}, {"Status: fine"}},
      {"an exit status", "/cgi-bin/failing", {"42", "the <reason> why"}, {"42", "&lt;reason&gt;"}},
      {"a signal", "/cgi-bin/killed", {"signal 6"}, {"signal 6"}},
      {"a time", "/cgi-bin/slow", {"400 ms"}, {"400 ms"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const text = ask(s.port(), "GET", r.target);
    auto const html = ask(s.port(), "GET", r.target, "Accept: text/html\r\n");
    CHECK(text.field("Content-Type").starts_with("text/plain"));
    CHECK(html.field("Content-Type").starts_with("text/html"));
    for (auto const& piece : r.in_text) {
      CHECK_MESSAGE(text.body.find(piece) != std::string::npos, piece, " is not in:\n", text.body);
    }
    for (auto const& piece : r.in_html) {
      CHECK_MESSAGE(html.body.find(piece) != std::string::npos, piece, " is not in:\n", html.body);
    }
  }
}

TEST_SUITE_END();
