// FastCGI and SCGI programs that the server keeps.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "client.hpp"
#include "patience.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

bool has(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

bool ends(pid_t pid) {
  return eventually([pid] { return !is_running(pid); });
}

// Of the system, so that it can be run in the sandbox.
std::string python() {
  return fs::exists("/usr/bin/python3") ? "/usr/bin/python3" : "/usr/bin/env python3";
}

// The program of programs/kept.py, in a directory of its own.
struct kept {
  explicit kept(std::string const& protocol = "fastcgi") : kind(protocol) {
    auto const source = fs::path(GATEHOUSE_SOURCE_DIR) / "tests/wire/programs/kept.py";
    put("#!" + python() + "\n" + contents(source));
  }
  fs::path directory() const { return files.base() / "app"; }
  fs::path program() const { return directory() / ("program." + kind); }
  void put(std::string const& text) const {
    fs::remove(program());  // It may be running.
    files.write(program(), text, 0755);
  }
  std::string target(std::string const& more = {}) const {
    return kind + ":" + program().string() + " dir=" + directory().string() + " " + more;
  }
  arguments options(std::string const& more = {}, arguments others = {}) const {
    arguments out{"--map", "/p " + target(more)};
    out.insert(out.end(), others.begin(), others.end());
    return out;
  }
  bool exists(char const* name) const { return fs::exists(directory() / name); }
  site files;
  std::string kind;
};

pid_t pid_of(server const& s) {
  return std::atoi(ask(s.port(), "GET", "/p/pid").body.c_str());
}

std::string pattern(std::size_t size) {
  std::string out(size, 'b');
  for (std::size_t i = 0; i < size; i += 97) out[i] = static_cast<char>('a' + i % 23);
  return out;
}

outcome started(kept const& app, arguments const& options) {
  auto argv = arguments{binary(), "--port", "0"};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(app.files.root().string());
  return run(argv);
}

constexpr char const* protocols[] = {"fastcgi", "scgi"};

}  // namespace

TEST_SUITE_BEGIN("kept_programs");

TEST_CASE("a program that the server keeps answers below its prefix") {
  for (auto const* const protocol : protocols) {
    CAPTURE(protocol);
    kept app(protocol);
    server const s(app.files, app.options());
    CHECK(ask(s.port(), "GET", "/p/a%20b").body == "hello from /a b");
    CHECK(ask(s.port(), "GET", "/p").body == "hello from ");
    auto const seen = ask(s.port(), "GET", "/p/variables?q=1", "X-A: b\r\nProxy: no\r\n").body;
    CHECK(has(seen, "SCRIPT_NAME=/p\n"));
    CHECK(has(seen, "PATH_INFO=/variables\n"));
    CHECK(has(seen, "QUERY_STRING=q=1\n"));
    CHECK(has(seen, "HTTP_X_A=b\n"));
    CHECK_FALSE(has(seen, "HTTP_PROXY"));
    CHECK_FALSE(has(seen, "SCRIPT_FILENAME"));
    CHECK(ask(s.port(), "HEAD", "/p/x").status == 200);
  }
}

TEST_CASE("a program is asked again over the connection that it has kept") {
  kept app;
  server const s(app.files, app.options("workers=1", {"--trace", "--threads", "1"}));
  for (int i = 0; i < 3; ++i) CHECK(ask(s.port(), "GET", "/p/x").status == 200);
  CHECK(s.logged("that has carried answers before"));
}

TEST_CASE("bodies of any size and framing go through in both directions") {
  for (auto const* const protocol : protocols) {
    CAPTURE(protocol);
    kept app(protocol);
    server const s(app.files, app.options());
    for (std::size_t const size : {0U, 1U, 5000U, 100'000U, 200'000U, 3'000'000U}) {
      auto const body = pattern(size);
      CAPTURE(size);
      CHECK((ask(s.port(), "POST", "/p/echo", {}, body).body == body));
      client c(s.port());
      c.send("POST /p/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
             chunked(body));
      CHECK((c.read_reply("POST").body == body));
    }
    CHECK(ask(s.port(), "GET", "/p/large?6000000").body.size() == 6'000'000);
    CHECK(ask(s.port(), "POST", "/p/ignore", {}, std::string(2'000'000, 'x')).status == 200);
    CHECK(ask(s.port(), "GET", "/p/x").status == 200);
  }
}

TEST_CASE("what a program flushes goes out at once") {
  kept app;
  server const s(app.files, app.options());
  client c(s.port());
  c.send(request("GET", "/p/stream"));
  CHECK(has(c.read_until("one\n"), "200 OK"));
  app.files.write(app.directory() / "go", "");
  CHECK(has(c.read_until("two\n"), "two"));
}

TEST_CASE("a program has its socket as descriptor 0, the log as 1 and 2, and no other") {
  kept app;
  server const s(app.files, app.options("workers=1", {"--env", "COLOUR=red"}), {"SECRET=1"});
  for (int i = 0; i < 2; ++i) {
    auto const seen = ask(s.port(), "GET", "/p/process").body;
    CHECK(has(seen, "['COLOUR', "));
    CHECK(has(seen, "'PATH'"));
    CHECK_FALSE(has(seen, "SECRET"));
    CHECK(has(seen, "'0 socket:"));
    CHECK(has(seen, "'1 pipe:"));
    CHECK(has(seen, "'2 pipe:"));
    // Its own: the connection, and the directory that it lists.
    CHECK(std::count(seen.begin(), seen.end(), '/') <= 5);
    CHECK(has(seen, "'3 socket:"));
    CHECK_FALSE(has(seen, "'5 "));
    CHECK(has(seen, app.directory().string()));
    CHECK(has(seen, "True]"));  // the leader of its group
  }
  auto const before = s.descriptors();
  for (int i = 0; i < 20; ++i) CHECK(ask(s.port(), "GET", "/p/x").status == 200);
  CHECK(eventually([&] { return s.descriptors() <= before; }));
}

TEST_CASE("nobody but the server can connect to a program") {
  kept app;
  auto const temporary = app.files.base() / "temporary";
  fs::create_directory(temporary);
  server const s(app.files, app.options("workers=1"), {"TMPDIR=" + temporary.string()});
  auto const pid = pid_of(s);
  REQUIRE(pid > 0);
  CHECK(fs::is_empty(temporary));  // What made the socket leaves nothing behind.
  auto const link = fs::read_symlink("/proc/" + std::to_string(pid) + "/fd/0").native();
  auto const inode =
      " " + link.substr(link.find('[') + 1, link.find(']') - link.find('[') - 1) + " ";
  int tried = 0;
  std::istringstream sockets(contents("/proc/net/unix"));
  for (std::string line; std::getline(sockets, line);) {
    if (!has(line, inode)) continue;
    auto const name = line.substr(line.rfind(' ') + 1);
    REQUIRE(name.starts_with('/'));  // An abstract one, which all may connect to, begins with "@".
    int const fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    name.copy(where.sun_path, sizeof where.sun_path - 1);
    CHECK(::connect(fd, reinterpret_cast<sockaddr const*>(&where), sizeof where) != 0);
    ::close(fd);
    ++tried;
  }
  CHECK(tried == 1);
}

TEST_CASE("what a program writes to its standard streams is in the log, and breaks no answer") {
  kept app;
  server const s(app.files, app.options());
  CHECK(ask(s.port(), "GET", "/p/stderr").body == "x");
  CHECK(s.logged("printed"));
  CHECK(s.logged("complained"));
}

TEST_CASE("a program that is not there or cannot be run is one clear line") {
  kept app;
  struct row {
    std::string map;
    char const* says;
  };
  row const rows[] = {{"/p fastcgi:/no/such/program", "cannot be run"},
                      {"/p scgi:/", "it is a directory"},
                      {"/p fastcgi:app", "the path of one has a slash"},
                      {"/p fastcgi:unix:/x workers=2", "workers= is for a program"},
                      {"/p " + app.target("threads=2"), "a key of fastcgi"},
                      {"/p " + app.target("workers=0"), "workers"},
                      {"/p fastcgi:" + app.program().string() + " dir=/no/such", "dir=/no/such"}};
  for (auto const& one : rows) {
    CAPTURE(one.map);
    auto const ended = started(app, {"--map", one.map});
    CHECK(ended.code() != 0);
    CHECK(has(ended.err, one.says));
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
}

TEST_CASE("a program that ends before it accepts stops the start with its last lines") {
  kept app;
  app.put("#!/bin/sh\necho 'no configuration' >&2\nexit 4\n");
  auto const ended = started(app, app.options());
  CHECK(ended.code() == 1);
  CHECK(has(ended.err, "exited with status 4"));
  CHECK(has(ended.err, "no configuration"));
  CHECK(ended.out.empty());
}

TEST_CASE("a server that waits for a program to accept ends when it is told to") {
  kept app;
  app.put("#!/bin/sh\necho \"$$\" > begun\nexec sleep 1000\n");
  auto argv = arguments{binary(), "--port", "0"};
  auto const options = app.options();
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(app.files.root().string());
  int const null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  auto const server = spawn(argv, plain_environment(), null, null, null);
  CHECK(eventually([&] { return !contents(app.directory() / "begun").empty(); }));
  ::kill(server.pid, SIGTERM);
  auto const ended = wait_for(server);
  ::close(server.pidfd);
  ::close(null);
  CHECK(ended);
  CHECK(ends(std::atoi(contents(app.directory() / "begun").c_str())));
}

TEST_CASE("a program that ends within a request costs that request alone") {
  for (auto const* const protocol : protocols) {
    CAPTURE(protocol);
    kept app(protocol);
    server const s(app.files, app.options("workers=1"));
    auto const first = pid_of(s);
    auto const r = ask(s.port(), "GET", "/p/exit");
    CHECK(r.status == 502);
    CHECK(has(r.body, "exited with status 3"));
    CHECK(has(r.body, "on its way out"));
    CHECK(s.logged("application-closed"));
    auto const second = pid_of(s);
    CHECK(second > 0);
    CHECK(second != first);
  }
}

TEST_CASE("an answer that breaks off with its program cuts the connection") {
  kept app;
  server const s(app.files, app.options("workers=1"));
  client c(s.port());
  c.send(request("GET", "/p/exit-within"));
  CHECK(c.read_head().status == 200);
  CHECK_FALSE(has(c.read_to_end(), "0\r\n\r\n"));
  CHECK(ask(s.port(), "GET", "/p/x").status == 200);
}

TEST_CASE("a program that exits with 0 after an answer is replaced, and no request fails") {
  for (auto const* const protocol : protocols) {
    CAPTURE(protocol);
    kept app(protocol);
    server const s(app.files, app.options("workers=2", {"--threads", "2"}));
    std::set<std::string> seen;
    for (int i = 0; i < 15; ++i) {
      auto const r = ask(s.port(), i % 2 == 0 ? "GET" : "POST", "/p/last", {},
                         i % 2 == 0 ? std::string() : pattern(i * 20'000U));
      CHECK(r.status == 200);
      seen.insert(r.body);
    }
    CHECK(seen.size() == 15);
  }
}

TEST_CASE("a program that is killed while it is idle costs nothing") {
  for (auto const* const protocol : protocols) {
    CAPTURE(protocol);
    kept app(protocol);
    server const s(app.files, app.options("workers=1"));
    for (int i = 0; i < 5; ++i) {
      auto const pid = pid_of(s);
      REQUIRE(pid > 0);
      ::kill(pid, SIGKILL);
      bool const posts = i % 2 != 0;
      // One that dies while a connection comes may have accepted it.
      if (posts && app.kind == "scgi") CHECK(ends(pid));
      CHECK(ask(s.port(), posts ? "POST" : "GET", "/p/x", {}, posts ? "body" : "").status == 200);
    }
    CHECK(s.logged("program-ended"));
  }
}

TEST_CASE("programs that are killed under load fail only the requests that they had begun") {
  kept app;
  server const s(app.files, app.options("workers=2", {"--threads", "2"}));
  std::atomic<bool> done = false;
  std::atomic<int> answered = 0;
  std::atomic<int> cut = 0;
  std::atomic<int> other = 0;
  std::vector<std::thread> load;
  for (int i = 0; i < 4; ++i) {
    load.emplace_back([&] {
      while (!done) {
        auto const status = ask(s.port(), "GET", "/p/x").status;
        ++(status == 200 ? answered : status == 502 ? cut : other);
      }
    });
  }
  int killed = 0;
  for (int const wanted : {20, 40, 60, 80, 100, 120, 140, 160}) {
    CHECK(eventually([&] { return answered >= wanted; }));
    auto const pid = pid_of(s);
    if (pid > 0 && ::kill(pid, SIGKILL) == 0) ++killed;
  }
  done = true;
  for (auto& one : load) one.join();
  CHECK(killed > 0);
  CHECK(other == 0);
  CHECK(cut <= killed);
  CHECK(s.logged("program-ended"));
}

TEST_CASE("a program that is silent for --script-timeout is stopped and replaced") {
  kept app;
  server const s(app.files,
                 app.options("workers=1", {"--script-timeout", "500ms", "--grace", "100ms"}));
  auto const pid = pid_of(s);
  CHECK(ask(s.port(), "GET", "/p/sleep").status == 504);
  CHECK(ends(pid));
  CHECK(ask(s.port(), "GET", "/p/x").status == 200);
}

TEST_CASE("requests wait for a program, up to --queue and --queue-timeout") {
  kept app;
  server const s(app.files,
                 app.options("workers=1", {"--queue", "1", "--log-format", "json",
                                           "--queue-timeout", "300ms", "--grace", "100ms"}));
  client busy(s.port());
  busy.send(request("GET", "/p/sleep"));
  CHECK(eventually([&] { return app.exists("begun"); }));
  auto const r = ask(s.port(), "GET", "/p/x");
  CHECK(r.status == 503);
  CHECK(r.has("Retry-After"));
  CHECK(s.logged("script-queue-timeout"));
  CHECK(s.logged("\"queued_ms\":"));
}

TEST_CASE("the access log names the program's process") {
  kept app;
  server const s(app.files, app.options("workers=1", {"--log-format", "json"}));
  auto const pid = pid_of(s);
  CHECK(s.logged("\"pid\":" + std::to_string(pid)));
}

TEST_CASE("when the client leaves, a program learns that nobody listens, and lives") {
  for (auto const* const protocol : protocols) {
    CAPTURE(protocol);
    kept app(protocol);
    server const s(app.files, app.options("workers=1"));
    auto const pid = pid_of(s);
    {
      client c(s.port());
      c.send(request("GET", "/p/endless"));
      c.read_until("xxxx");
    }
    CHECK(eventually([&] { return app.exists("told"); }));
    CHECK(pid_of(s) == pid);
    {
      client c(s.port());
      c.send("POST /p/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" +
             pattern(300'000));
      c.reset();
    }
    CHECK(pid_of(s) == pid);
  }
}

TEST_CASE("a slow client holds no program") {
  kept app;
  server const s(app.files, app.options("workers=1"));
  client slow(s.port(), 4096);
  slow.send(request("GET", "/p/large?200000"));  // which nobody reads
  CHECK(ask(s.port(), "GET", "/p/x").status == 200);
  client sending(s.port());
  sending.send("POST /p/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  CHECK(ask(s.port(), "GET", "/p/x").status == 200);
  CHECK(slow.read_reply().body.size() == 200'000);
}

TEST_CASE("after its share of requests a program is replaced, and no request fails") {
  kept app;
  server const s(app.files, app.options("workers=1 requests=10"));
  std::set<pid_t> seen;
  int failed = 0;
  CHECK(eventually([&] {
    auto const pid = pid_of(s);
    failed += pid <= 0;
    seen.insert(pid);
    return seen.size() >= 4;
  }));
  CHECK(failed == 0);
}

TEST_CASE("idle programs end, and the next request starts one") {
  kept app;
  server const s(app.files, app.options("workers=2 idle=100ms"));
  auto const pid = pid_of(s);
  CHECK(ends(pid));
  CHECK(eventually([&] { return children_of(s.pid()).empty(); }));
  auto const next = pid_of(s);
  CHECK(next > 0);
  CHECK(next != pid);
}

TEST_CASE("SIGHUP takes a new program without a failed request, and keeps the old where it fails") {
  kept app;
  auto const source = contents(app.program());
  auto const version = [&](std::string const& text) {
    auto out = source;
    out.replace(out.find("hello from "), 11, text);
    return out;
  };
  server s(app.files, app.options({}, {"--grace", "60s"}));
  std::atomic<bool> done = false;
  std::atomic<int> failed = 0;
  std::thread load([&] {
    while (!done) failed += ask(s.port(), "GET", "/p/x").status != 200;
  });
  CHECK(ask(s.port(), "GET", "/p/x").body == "hello from /x");
  app.put(version("second "));
  s.signal(SIGHUP);
  CHECK(eventually([&] { return ask(s.port(), "GET", "/p/x").body == "second /x"; }));
  app.put("#!/bin/sh\necho 'a broken program' >&2\nexit 1\n");
  s.signal(SIGHUP);
  CHECK(s.logged("reload-refused"));
  CHECK(s.logged("a broken program"));
  CHECK(ask(s.port(), "GET", "/p/x").body == "second /x");
  done = true;
  load.join();
  CHECK(failed == 0);
  // The ends of the old programs have been counted, so that nothing waits for the grace period.
  s.signal(SIGTERM);
  CHECK(s.wait_for_end() == 0);
}

TEST_CASE("with --reload a program whose file changes is started anew") {
  kept app;
  auto changed = contents(app.program());
  changed.replace(changed.find("hello from "), 11, "changed: ");
  server const s(app.files, app.options({}, {"--reload"}));
  CHECK(ask(s.port(), "GET", "/p/x").body == "hello from /x");
  app.put(changed);
  CHECK(eventually([&] { return ask(s.port(), "GET", "/p/x").body == "changed: /x"; }));
}

TEST_CASE("SIGTERM lets a request end") {
  kept app;
  server s(app.files, app.options());
  client c(s.port());
  c.send(request("GET", "/p/stream"));
  c.read_until("one\n");
  s.signal(SIGTERM);
  CHECK(s.refuses_connections());
  app.files.write(app.directory() / "go", "");
  CHECK(has(c.read_until("two\n"), "two"));
  CHECK(s.wait_for_end() == 0);
}

TEST_CASE("no program outlives the server, also one that is busy when the server is killed") {
  for (bool const sandbox : {false, true}) {
    CAPTURE(sandbox);
    kept app;
    arguments const held{"--sandbox", "--sandbox-write", app.directory().string()};
    server s(app.files, app.options("workers=2", sandbox ? held : arguments{}));
    auto const idle = pid_of(s);
    client busy(s.port());
    busy.send(request("GET", "/p/sleep"));
    CHECK(eventually([&] { return app.exists("begun"); }));
    s.signal(SIGKILL);
    s.wait_for_end();
    CHECK(ends(idle));
    CHECK(eventually([&] { return adopted().empty(); }));
  }
}

TEST_CASE("what a program leaves running in its group ends with it") {
  kept app;
  server const s(app.files, app.options("workers=1"));
  auto const pid = pid_of(s);
  auto const child = std::atoi(ask(s.port(), "GET", "/p/fork").body.c_str());
  REQUIRE(child > 0);
  ::kill(pid, SIGKILL);
  CHECK(ends(child));
}

TEST_CASE("in the sandbox a program reads its directory and no other") {
  bool const landlock =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION) > 0;
  if (!landlock || !fs::exists("/usr/bin/python3")) {
    MESSAGE("no Landlock, or no python3 of the system");
    return;
  }
  kept app;
  app.files.write(app.directory() / "own", "own file");
  app.files.write(app.files.base() / "other", "other file");
  server const s(app.files, app.options("workers=1", {"--sandbox"}));
  auto const read = [&](fs::path const& what) {
    return ask(s.port(), "GET", "/p/read?" + what.string()).body;
  };
  CHECK(read(app.directory() / "own") == "own file");
  CHECK(read(app.files.base() / "other") == "PermissionError");
}

TEST_CASE("explain shows the variables, and asks the program with --run") {
  kept app;
  arguments argv{
      binary(),  "explain", "--map", "/p " + app.target(), "--root", app.files.root().string(),
      "/p/a?b=c"};
  auto const described = run(argv);
  CHECK(described.code() == 0);
  CHECK(has(described.out, "FastCGI program " + app.program().string()));
  CHECK(has(described.out, "PATH_INFO"));
  CHECK_FALSE(has(described.out, "hello from"));
  argv.insert(argv.begin() + 2, "--run");
  auto const answered = run(argv);
  CHECK(answered.code() == 0);
  CHECK(has(answered.out, "hello from /a"));
}

TEST_CASE("php-cgi is kept for files of an extension, and replaced after its own share") {
  if (!fs::exists("/usr/bin/php-cgi")) {
    MESSAGE("there is no php-cgi");
    return;
  }
  site files;
  files.write("page.php",
              "<?php header('X-Pid: ' . getmypid()); echo $_SERVER['SCRIPT_NAME'], ' ', "
              "$_SERVER['PATH_INFO'] ?? '', ' ', strlen(file_get_contents('php://input'));");
  server s(files, {"--cgi-ext", ".php", "--interpreter", ".php=fastcgi:/usr/bin/php-cgi workers=2",
                   "--env", "PHP_FCGI_MAX_REQUESTS=5", "--grace", "60s"});
  std::set<std::string> pids;
  for (int i = 0; i < 40; ++i) {
    bool const posts = i % 2 == 1;
    auto const body = pattern(static_cast<std::size_t>(i) * 9000);
    auto const r = ask(s.port(), posts ? "POST" : "GET", "/page.php/more", {}, posts ? body : "");
    CHECK(r.status == 200);
    CHECK(r.body == "/page.php /more " + std::to_string(posts ? body.size() : 0));
    pids.insert(r.field("X-Pid"));
  }
  CHECK(pids.size() >= 7);
}

TEST_CASE("php-cgi ends at once with the server, used or not") {
  if (!fs::exists("/usr/bin/php-cgi")) return;
  for (bool const used : {false, true}) {
    CAPTURE(used);
    site files;
    files.write("page.php", "<?php echo 'page';");
    server s(files, {"--cgi-ext", ".php", "--interpreter",
                     ".php=fastcgi:/usr/bin/php-cgi workers=3", "--grace", "60s"});
    if (used) CHECK(ask(s.port(), "GET", "/page.php").body == "page");
    s.signal(SIGTERM);
    CHECK(s.wait_for_end() == 0);
    CHECK_FALSE(has(s.log(), "script-killed"));
  }
}

TEST_CASE("a Perl program on FCGI is kept") {
  if (run({"perl", "-MFCGI", "-e", "1"}).code() != 0) {
    MESSAGE("there is no FCGI for Perl");
    return;
  }
  kept app;
  app.put(
      "#!/usr/bin/perl\nuse FCGI;\nmy $r = FCGI::Request();\nmy $n = 0;\n"
      "while ($r->Accept() >= 0) {\n"
      "  my $body = '';\n"
      "  read(STDIN, $body, $ENV{CONTENT_LENGTH}) if $ENV{CONTENT_LENGTH};\n"
      "  print \"Content-Type: text/plain\\r\\n\\r\\n\", ++$n, \" \", length $body;\n"
      "  print STDERR \"from perl\\n\";\n}\n");
  server const s(app.files, app.options("workers=1"));
  CHECK(ask(s.port(), "GET", "/p/x").body == "1 0");
  CHECK(ask(s.port(), "POST", "/p/x", {}, pattern(1'000'000)).body == "2 1000000");
  CHECK(ask(s.port(), "GET", "/p/x").body == "3 0");
  CHECK(s.logged("from perl"));
}

TEST_CASE("a C program on libfcgi is kept") {
  if (!fs::exists("/usr/include/fcgi_stdio.h") || run({"cc", "--version"}).code() != 0) {
    MESSAGE("there is no libfcgi-dev, or no compiler");
    return;
  }
  kept app;
  auto const source = app.files.write(
      app.files.base() / "program.c",
      "#include <fcgi_stdio.h>\n#include <stdlib.h>\nint main(void) {\n  int n = 0;\n"
      "  while (FCGI_Accept() >= 0) {\n    long size = 0;\n"
      "    while (getchar() != EOF) ++size;\n"
      "    printf(\"Content-Type: text/plain\\r\\n\\r\\n%d %ld\", ++n, size);\n"
      "  }\n  return 0;\n}\n");
  auto const made = run({"cc", "-o", app.program().string(), source.string(), "-lfcgi"});
  REQUIRE(made.code() == 0);
  server const s(app.files, app.options("workers=1"));
  CHECK(ask(s.port(), "GET", "/p/x").body == "1 0");
  CHECK(ask(s.port(), "POST", "/p/x", {}, pattern(1'000'000)).body == "2 1000000");
  CHECK(ask(s.port(), "GET", "/p/x").body == "3 0");
}

TEST_SUITE_END();
