// Starting, configuring, logging and stopping the server, as whoever types the command sees it.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

bool is_one_line(std::string const& text) {
  return text.size() > 1 && std::count(text.begin(), text.end(), '\n') == 1 && text.ends_with('\n');
}

std::string last_line(std::string const& text) {
  auto const lines = words(text, '\n');
  return lines.empty() ? "" : lines.back();
}

}  // namespace

TEST_SUITE_BEGIN("command_line");

TEST_CASE("one line says what is served and where") {
  site const files;
  server const s(files);
  CHECK(s.ready_line() == "Serving " + files.root().string() + " on http://127.0.0.1:" +
                              std::to_string(s.port()) + "/ (Press CTRL+C to quit)");
}

TEST_CASE("a name is listened on at every address that it has, on one port") {
  site const files;
  files.write("a.txt", "first");
  {
    server const s(files, {"--bind", "localhost"});
    for (auto const& url : urls_in(s.ready_line())) CHECK(fetched(url + "a.txt") == "first");
  }
  if (::geteuid() != 0) return;  // the rest needs names of its own
  auto const names = files.write(files.base() / "hosts", "127.0.0.1 here\n127.0.0.2 here\n");
  server const s(files, {"--bind", "here"}, {},
                 {"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                  "mount --bind " + names.string() + " /etc/hosts && exec \"$@\"", "sh"});
  auto const port = std::to_string(s.port());
  CHECK(s.ready_line() == "Serving " + files.root().string() + " on http://127.0.0.1:" + port +
                              "/ http://127.0.0.2:" + port + "/ (Press CTRL+C to quit)");
  for (auto const& url : urls_in(s.ready_line())) CHECK(fetched(url + "a.txt") == "first");
}

TEST_CASE("what cannot be served is one line on standard error and a failure") {
  site const files;
  auto const file = files.write("a.txt", "first");
  server const other(files);
  struct row {
    std::string_view label;
    arguments options;
    std::string names;
  };
  row const rows[] = {
      {"an unknown option", {"--nonsense"}, "--nonsense"},
      {"a port that is no number", {"--port", "x"}, "port"},
      {"a port too large", {"--port", "65536"}, "65536"},
      {"a missing argument", {"--port"}, "port"},
      {"a bad time", {"--grace", "soon"}, "grace"},
      {"a bad size", {"--body-limit", "huge"}, "body-limit"},
      {"a bad switch", {"--listing", "maybe"}, "listing"},
      {"a bad mapping", {"--map", "/x nonsense:/y"}, "map"},
      {"a mapping to nowhere", {"--map", "/x static:/nowhere/at/all"}, "/nowhere/at/all"},
      {"an interpreter that is not there", {"--interpreter", ".x=/nowhere/x"}, "/nowhere/x"},
      {"a directory that is not there", {"/nowhere/at/all"}, "/nowhere/at/all"},
      {"a file for a directory", {file.string()}, "a.txt"},
      {"a config file that is not there", {"--config", "/nowhere/config"}, "/nowhere/config"},
      {"an address that is not ours", {"--bind", "192.0.2.1", files.root().string()}, "192.0.2.1"},
      {"a port in use",
       {"--port", std::to_string(other.port()), files.root().string()},
       std::to_string(other.port()) + ": another program listens there already"},
      {"a name without an address", {"--bind", "nowhere.invalid"}, "nowhere.invalid"},
      {"a take-over path in no directory",
       {"--port", "0", "--takeover", "/nowhere/at/all", files.root().string()},
       "there is no directory \"/nowhere/at\"; mkdir -p /nowhere/at makes it"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    arguments argv{binary()};
    argv.insert(argv.end(), r.options.begin(), r.options.end());
    auto const result = run(argv);
    CHECK(result.code() > 0);
    CHECK(result.out == "");
    CHECK_MESSAGE(is_one_line(result.err), result.err);
    CHECK_MESSAGE(result.err.find(r.names) != std::string::npos, result.err);
  }
}

TEST_CASE("the version and the help are printed and nothing is served") {
  for (std::string const asked : {"--version", "-V", "version"}) {
    CAPTURE(asked);
    auto const version = run({binary(), asked});
    CHECK(version.code() == 0);
    CHECK(version.out.find(GATEHOUSE_VERSION) != std::string::npos);
  }
  auto const help = run({binary(), "--help"});
  CHECK(help.code() == 0);
  CHECK(help.out.find("--port") != std::string::npos);
  CHECK(help.out.find("--script-timeout") == std::string::npos);
  for (std::string const asked : {"-h", "help"}) CHECK(run({binary(), asked}).out == help.out);
  auto const all = run({binary(), "--help", "all"});
  CHECK(all.code() == 0);
  for (std::string const name : {"--port", "--map", "--cgi-bin", "--script-timeout"}) {
    CHECK(all.out.find(name) != std::string::npos);
  }
  CHECK(run({binary(), "help", "all"}).out == all.out);
}

TEST_CASE("mappings serve other directories and programs, the longest prefix first") {
  site const files;
  auto const other = files.base() / "other";
  files.write(other / "a.txt", "another");
  files.write(other / "deep/a.txt", "shadowed");
  auto const deep = files.base() / "deep";
  files.write(deep / "a.txt", "the deepest");
  auto const programs = files.base() / "programs";
  files.write(programs / "hello", "#!/bin/sh\n" + text_head + "echo hello $PATH_INFO\n", 0755);
  auto const single =
      files.write(files.base() / "single",
                  "#!/bin/sh\n" + text_head + "echo \"$SCRIPT_NAME|$PATH_INFO\"\n", 0755);
  files.write("a.txt", "first");
  server const s(files, {"--map", "/other static:" + other.string(), "--map",
                         "/other/deep static:" + deep.string(), "--map",
                         "/run cgi:" + programs.string(), "--map", "/one cgi:" + single.string()});
  struct row {
    std::string target;
    unsigned status;
    std::string body;
  };
  row const rows[] = {
      {"/a.txt", 200, "first"},
      {"/other/a.txt", 200, "another"},
      {"/other/deep/a.txt", 200, "the deepest"},
      {"/otherwise/a.txt", 404, {}},
      {"/run/hello/x", 200, "hello /x\n"},
      {"/run/none", 404, {}},
      {"/one", 200, "/one|\n"},
      {"/one/a/b", 200, "/one|/a/b\n"},
      {"/one/../a.txt", 200, "first"},
  };
  for (row const& r : rows) {
    CAPTURE(r.target);
    auto const answer = ask(s.port(), "GET", r.target);
    CHECK(answer.status == r.status);
    if (r.status < 400) CHECK(answer.body == r.body);
  }
}

TEST_CASE("scripts may lie among the files by their extension") {
  site const files;
  files.write("app/run.cgi", "#!/bin/sh\n" + text_head + "echo \"$SCRIPT_NAME|$PATH_INFO\"\n",
              0755);
  files.write("app/a.txt", "first");
  server const s(files, {"--cgi-ext", ".cgi"});
  CHECK(ask(s.port(), "GET", "/app/run.cgi").body == "/app/run.cgi|\n");
  CHECK(ask(s.port(), "GET", "/app/run.cgi/x").body == "/app/run.cgi|/x\n");
  CHECK(ask(s.port(), "GET", "/app/a.txt").body == "first");
}

TEST_CASE("a config file has the same options, and the command line wins") {
  site const files;
  files.play("env", "env");
  files.write("sub/a.txt", "x");
  auto const config = files.write(files.base() / "gatehouse.conf",
                                  "# how this site is served\n"
                                  "listing = off\n"
                                  "env = ONE=from the file\n"
                                  "env = TWO=from the file\n"
                                  "body-limit = 1k\n");
  server const s(files, {"--config", config.string(), "--env", "TWO=from the command line",
                         "--body-limit", "2k"});
  CHECK(ask(s.port(), "GET", "/sub/").status != 200);
  auto const v =
      entries(ask(s.port(), "POST", "/cgi-bin/env", "", std::string(2000, 'x')).body, '\0');
  CHECK(v.at("ONE") == "from the file");
  CHECK(v.at("TWO") == "from the command line");
}

TEST_CASE("the access log has one line for each exchange") {
  site const files;
  files.write("a.txt", "first");
  files.script("fine", "#!/bin/sh\n" + text_head + "echo fine\n");
  files.script("failing", "#!/bin/sh\nexit 7\n");
  auto const log = files.base() / "access.log";
  auto const line_count = [&] { return words(contents(log), '\n').size(); };
  SUBCASE("combined") {
    server const s(files, {"--access-log", log.string()});
    ask(s.port(), "GET", "/a.txt?q", "Referer: http://r/\r\nUser-Agent: forged\"\x80\r\n");
    REQUIRE(eventually([&] { return line_count() == 1; }));
    auto const line = last_line(contents(log));
    CHECK(line.starts_with("127.0.0.1 - - ["));
    CHECK(line.ends_with("] \"GET /a.txt?q HTTP/1.1\" 200 5 \"http://r/\" \"forged\\\"\\x80\""));
    ask(s.port(), "POST", "/cgi-bin/failing", "", "12345");
    REQUIRE(eventually([&] { return line_count() == 2; }));
    CHECK(last_line(contents(log)).find("\"POST /cgi-bin/failing HTTP/1.1\" 502 ") !=
          std::string::npos);
    client c(s.port());
    c.send("nonsense\r\n\r\n");
    CHECK(c.read_reply().status == 400);
    REQUIRE(eventually([&] { return line_count() == 3; }));
    CHECK(last_line(contents(log)).find("\" 400 ") != std::string::npos);
  }
  SUBCASE("JSON") {
    server const s(files, {"--access-log", log.string(), "--log-format", "json"});
    auto const next = [&](std::string_view method, std::string_view target) {
      auto const before = line_count();
      ask(s.port(), method, target, "User-Agent: one two\r\n");
      REQUIRE(eventually([&] { return line_count() == before + 1; }));
      auto const line = last_line(contents(log));
      // Python decides whether it is JSON.
      auto const parsed = run({"/usr/bin/python3", "-c",
                               "import json, sys\n"
                               "d = json.loads(sys.argv[1])\n"
                               "s = d.get('script', {})\n"
                               "for k in ['remote', 'method', 'target', 'protocol', 'status', "
                               "'bytes', 'user_agent', 'host', 'reason', 'complete']:\n"
                               "    print(k + '=' + str(d.get(k, '')))\n"
                               "print('exit=' + str(s.get('exit', '')))\n"
                               "print('pid=' + str(s.get('pid', 0) > 0))\n"
                               "print('time=' + d['time'][10] + d['time'][-1])\n"
                               "print('times=' + str(d['total_ms'] >= d['first_byte_ms'] >= 0))\n",
                               line});
      CHECK_MESSAGE(parsed.code() == 0, line, parsed.err);
      return entries(parsed.out, '\n');
    };
    auto const file = next("GET", "/a.txt");
    CHECK(file.at("remote").starts_with("127.0.0.1"));
    CHECK(file.at("method") == "GET");
    CHECK(file.at("target") == "/a.txt");
    CHECK(file.at("protocol") == "HTTP/1.1");
    CHECK(file.at("status") == "200");
    CHECK(file.at("bytes") == "5");
    CHECK(file.at("user_agent") == "one two");
    CHECK(file.at("host") == "h");
    CHECK(file.at("complete") == "True");
    CHECK(file.at("time") == "TZ");
    CHECK(file.at("times") == "True");
    CHECK(file.at("pid") == "False");
    auto const fine = next("GET", "/cgi-bin/fine");
    CHECK(fine.at("pid") == "True");
    CHECK(fine.at("exit") == "0");
    auto const failing = next("GET", "/cgi-bin/failing");
    CHECK(failing.at("status") == "502");
    CHECK(failing.at("exit") == "7");
    CHECK_FALSE(failing.at("reason").empty());
    CHECK_FALSE(next("GET", "/none").at("reason").empty());
  }
  SUBCASE("off") {
    server const s(files, {"--access-log", "off"});
    ask(s.port(), "GET", "/a.txt?unlogged");
    ask(s.port(), "GET", "/a.txt");
    CHECK(s.log().find("unlogged") == std::string::npos);
  }
  SUBCASE("on standard error by default") {
    server const s(files);
    ask(s.port(), "GET", "/a.txt?by-default");
    CHECK(s.logged("/a.txt?by-default"));
  }
}

TEST_CASE("an answer that the client does not take is logged as cut") {
  site const files;
  fs::resize_file(files.write("big.bin", "start"), 64U << 20U);
  auto const log = files.base() / "access.log";
  server const s(files, {"--access-log", log.string(), "--log-format", "json"});
  {
    client c(s.port(), 4096);
    c.send(request("GET", "/big.bin"));
    c.read_head();
    c.reset();
  }
  CHECK(eventually([&] { return contents(log).find("\"complete\":false") != std::string::npos; }));
}

TEST_CASE("a server that is stopped finishes what it has begun") {
  site const files;
  files.script("half", "#!/bin/sh\n" + text_head +
                           "echo one\nwhile [ ! -e go ]; do sleep 0.01; done\necho two\n");
  for (int const number : {SIGTERM, SIGINT}) {
    CAPTURE(number);
    fs::remove(files.cgi_bin() / "go");
    server s(files);
    client idle(s.port());
    client c(s.port());
    c.send(request("GET", "/cgi-bin/half"));
    c.read_until("one\n");
    s.signal(number);
    CHECK(s.refuses_connections());
    CHECK(idle.ends_here());
    files.write("cgi-bin/go", "");
    CHECK(c.read_until("two\n").ends_with("two\n"));
    c.read_to_end();
    CHECK(s.wait_for_end() == 0);
  }
}

TEST_CASE("a server that is stopped does not wait for ever") {
  site const files;
  files.script("silent",
               "#!/bin/sh\nsleep 1000 &\necho $$ $! >pids.part\nmv pids.part pids\nwait\n");
  server s(files, {"--drain-time", "300ms", "--grace", "300ms"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/silent"));
  REQUIRE(eventually([&] { return fs::exists(files.cgi_bin() / "pids"); }));
  s.signal(SIGTERM);
  CHECK(s.wait_for_end() == 0);
}

TEST_CASE("a server that is stopped leaves no process that is deaf to TERM") {
  site const files;
  files.script("silent",
               "#!/bin/sh\n(trap '' TERM; exec sleep 1000) &\necho $! >pids.part\n"
               "mv pids.part pids\nwait\n");
  server s(files, {"--drain-time", "300ms", "--grace", "300ms"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/silent"));
  REQUIRE(eventually([&] { return fs::exists(files.cgi_bin() / "pids"); }));
  s.signal(SIGTERM);
  CHECK(s.wait_for_end() == 0);
  // The server's end is checked to leave no process.
}

TEST_CASE("a second signal ends the server at once") {
  site const files;
  files.script("silent",
               "#!/bin/sh\nsleep 1000 &\necho $$ $! >pids.part\nmv pids.part pids\nwait\n");
  server s(files, {"--drain-time", "1h"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/silent"));
  REQUIRE(eventually([&] { return fs::exists(files.cgi_bin() / "pids"); }));
  s.signal(SIGTERM);
  CHECK(s.refuses_connections());
  s.signal(SIGTERM);
  CHECK(s.wait_for_end().has_value());
}

TEST_CASE("signals that are not meant for it do not end the server") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  s.signal(SIGPIPE);
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
}

TEST_CASE("a server that runs out of descriptors serves again when it has some") {
  site const files;
  files.write("a.txt", "first");
  files.script("fine", "#!/bin/sh\n" + text_head + "echo fine\n");
  server const s(files);
  std::string const limit = "--nofile=64";
  REQUIRE(run({"prlimit", "--pid", std::to_string(s.pid()), limit}).code() == 0);
  {
    std::vector<std::unique_ptr<client>> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<client>(s.port()));
    client c(s.port());
    c.send(request("GET", "/a.txt"));
  }
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK(ask(s.port(), "GET", "/cgi-bin/fine").body == "fine\n");
}

TEST_SUITE_END();
