// Changing, replacing and watching over a running server: SIGHUP, take-over, whoever started it,
// its health, and logs that cannot be written.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
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

bool has(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count_of(std::string const& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Sends SIGHUP and waits until the log tells, once more, what came of it.
void hang_up(server const& s, std::string_view told = "reloaded: ") {
  auto const before = count_of(s.log(), told);
  s.signal(SIGHUP);
  REQUIRE_MESSAGE(eventually([&] { return count_of(s.log(), told) > before; }), s.log());
}

// The next answer on a connection that stays.
reply next(client& c, std::string_view target) {
  c.send(request("GET", target));
  return c.read_reply();
}

// Starts the words that follow with a listening socket as each of the descriptors from 3 on.
arguments with_sockets(int count, std::string const& pid = "os.getpid()") {
  return {"/usr/bin/python3", "-c",
          "import os, socket, sys\n"
          "count = int(sys.argv[1])\n"
          "for i in range(count):\n"
          "    s = socket.socket()\n"
          "    s.bind(('127.0.0.%d' % (1 + i), 0))\n"
          "    s.listen()\n"
          "    os.dup2(s.fileno(), 10 + i)\n"
          "    s.detach()\n"
          "for i in range(count):\n"
          "    os.dup2(10 + i, 3 + i)\n"
          "    os.set_inheritable(3 + i, True)\n"
          "os.environ['LISTEN_PID'] = str(" +
              pid +
              ")\n"
              "os.environ['LISTEN_FDS'] = str(count)\n"
              "os.execv(sys.argv[2], sys.argv[2:])\n",
          std::to_string(count)};
}

// Starts the words that follow in a state in which no careful parent would: signals ignored and
// blocked, no standard input, no file that anybody may read, and descriptors of others.
arguments const careless_start = {
    "/usr/bin/python3", "-c",
    "import os, resource, signal, sys\n"
    "for number in signal.valid_signals() - {9, 19, signal.SIGHUP, signal.SIGCHLD}:\n"
    "    signal.signal(number, signal.SIG_IGN)\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
    "os.umask(0o777)\n"
    "os.close(0)\n"
    "for number in range(3, 100):\n"
    "    os.dup2(1, number, inheritable=True)\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"};

// What a service manager listens at.
class manager {
 public:
  explicit manager(std::string name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    auto const size = offsetof(sockaddr_un, sun_path) + name.size();
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    if (::bind(fd_, reinterpret_cast<sockaddr const*>(&address), static_cast<socklen_t>(size)) != 0)
      throw std::runtime_error("bind failed");
  }
  manager(manager const&) = delete;
  manager& operator=(manager const&) = delete;
  ~manager() { ::close(fd_); }

  // Whether it is told something with this line, before the deadline.
  bool is_told(std::string_view line) const {
    return eventually([&] {
      char buffer[4096];
      auto const size = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (size <= 0) return false;
      auto const lines = words(std::string(buffer, static_cast<std::size_t>(size)) + "\n", '\n');
      return std::find(lines.begin(), lines.end(), line) != lines.end();
    });
  }

 private:
  int fd_;
};

// Somebody who has connected to a take-over path and says nothing.
class unix_peer {
 public:
  explicit unix_peer(fs::path const& path)
      : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    if (::connect(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
      throw std::runtime_error("connect failed");
  }
  unix_peer(unix_peer const&) = delete;
  unix_peer& operator=(unix_peer const&) = delete;
  ~unix_peer() { ::close(fd_); }

 private:
  int fd_;
};

// A named pipe that is read when somebody wants to, and holds one page.
class full_pipe {
 public:
  explicit full_pipe(fs::path path) {
    if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed");
    fd_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ::fcntl(fd_, F_SETPIPE_SZ, 4096);
  }
  full_pipe(full_pipe const&) = delete;
  full_pipe& operator=(full_pipe const&) = delete;
  ~full_pipe() { ::close(fd_); }

  // All that is in it.
  std::string read() const {
    std::string out;
    char buffer[4096];
    while (true) {
      auto const n = ::read(fd_, buffer, sizeof buffer);
      if (n <= 0) return out;
      out.append(buffer, static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_ = -1;
};

}  // namespace

TEST_SUITE_BEGIN("life_cycle");

TEST_CASE("SIGHUP reads the configuration again") {
  site const files;
  files.write("sub/a.txt", "x");
  files.play("env", "env");
  auto const config = files.write(files.base() / "conf", "listing = on\nenv = ONE=old\n");
  auto const other = files.base() / "other";
  files.write(other / "b.txt", "another");
  server const s(files, {"--config", config.string(), "--env", "TWO=always"});
  client stays(s.port());
  CHECK(next(stays, "/sub/").status == 200);
  CHECK(ask(s.port(), "GET", "/other/b.txt").status == 404);

  files.write(config, "listing = off\nenv = ONE=new\nmap = /other static:" + other.string() + "\n");
  hang_up(s);
  for (bool const keeps : {true, false}) {
    CAPTURE(keeps);
    CHECK((keeps ? next(stays, "/sub/") : ask(s.port(), "GET", "/sub/")).status == 403);
    CHECK((keeps ? next(stays, "/other/b.txt") : ask(s.port(), "GET", "/other/b.txt")).body ==
          "another");
    auto const v = entries(
        (keeps ? next(stays, "/cgi-bin/env") : ask(s.port(), "GET", "/cgi-bin/env")).body, '\0');
    CHECK(v.at("ONE") == "new");
    CHECK(v.at("TWO") == "always");
  }
}

TEST_CASE("an exchange ends with the configuration that it began with") {
  site const files;
  files.write("big.bin", std::string(8U << 20U, 'x'));
  files.script("half", "#!/bin/sh\n" + text_head +
                           "echo one\nwhile [ ! -e go ]; do sleep 0.01; done\necho $WHO\n");
  auto const config = files.write(files.base() / "conf", "env = WHO=old\n");
  server const s(files, {"--config", config.string()});
  client script(s.port());
  script.send(request("GET", "/cgi-bin/half"));
  script.read_until("one\n");
  client download(s.port(), 4096);
  download.send(request("GET", "/big.bin"));
  auto half = download.read_head();
  client upload(s.port());
  upload.send("GET /cgi-bin/ha");

  files.write(config, "cgi-bin = off\nheader-limit = 1k\n");
  hang_up(s);
  files.write("cgi-bin/go", "");
  CHECK(script.read_until("old\n").ends_with("old\n"));
  download.read_body(half);
  CHECK(half.body.size() == 8U << 20U);
  // A head that had begun belongs to the old configuration, the next one to the new.
  upload.send("lf HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(upload.read_reply().body == "one\nold\n");
  CHECK(next(upload, "/cgi-bin/half").status == 403);
  upload.send(request("GET", "/", "X: " + std::string(2000, 'x') + "\r\n"));
  CHECK(upload.read_reply().status == 431);
}

TEST_CASE("a longer head is taken after SIGHUP on a connection that was there before") {
  site const files;
  files.write("a.txt", "first");
  auto const config = files.write(files.base() / "conf", "header-limit = 1k\n");
  server const s(files, {"--config", config.string()});
  client c(s.port());
  CHECK(next(c, "/a.txt").body == "first");
  files.write(config, "header-limit = 1M\n");
  hang_up(s);
  for (int i = 0; i < 8; ++i) {
    std::string fields;
    for (int n = 0; n < 90; ++n)
      fields += "X" + std::to_string(n) + ": " + std::string(5000, 'x') + "\r\n";
    c.send(request("GET", "/a.txt", fields));
    CHECK(c.read_reply().body == "first");
  }
}

TEST_CASE("requests go on while the configuration is read again and again") {
  site const files;
  files.write("a.txt", "first");
  files.script("fine", "#!/bin/sh\n" + text_head + "echo fine\n");
  server const s(files, {"--threads", "2"});
  client stays(s.port());
  for (int round = 0; round < 20; ++round) {
    stays.send(request("GET", "/cgi-bin/fine"));
    s.signal(SIGHUP);
    CHECK(stays.read_reply().body == "fine\n");
    s.signal(SIGHUP);
    CHECK(next(stays, "/a.txt").body == "first");
    CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  }
}

TEST_CASE("a configuration with a mistake changes nothing, and the log says what is wrong") {
  site const files;
  files.write("a.txt", "first");
  std::string const good = "index = a.txt\n";
  auto const config = files.write(files.base() / "conf", good);
  server const s(files, {"--config", config.string()});
  struct row {
    std::string_view label;
    std::string text;
    std::string_view told;
  };
  row const rows[] = {
      {"an unknown key", "listening = off\n", "conf:1: no such key \"listening\""},
      {"a bad value", "index = b\nqueue = many\n", "conf:2: queue"},
      {"a directory that is not there", "map = /x static:/nowhere/at/all\n", "/nowhere/at/all"},
      {"a log that cannot be opened", "access-log = /nowhere/log\n", "/nowhere/log"},
      {"a token that is too short", "inspect-token = short\n", "inspect-token"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    files.write(config, r.text);
    hang_up(s, "reload-refused: ");
    CHECK(has(s.log(), r.told));
    CHECK(ask(s.port(), "GET", "/").body == "first");
  }
  fs::remove(config);
  hang_up(s, "reload-refused: ");
  CHECK(ask(s.port(), "GET", "/").body == "first");
  files.write(config, good);
  hang_up(s);
}

TEST_CASE("what the server was built on keeps its value, and the log says so") {
  site const files;
  files.write("a.txt", "first");
  auto const config = files.write(files.base() / "conf", "");
  server const s(files, {"--config", config.string()});
  files.write(config, "bind = 127.0.0.2\nthreads = 7\ntakeover = " + (files.base() / "t").string() +
                          "\nuser = nobody\ngroup = nogroup\nindex = a.txt\n");
  hang_up(s);
  for (std::string const name : {"bind", "threads", "takeover", "user", "group"}) {
    CHECK_MESSAGE(has(s.log(), "reload-kept: --" + name + " "), s.log());
  }
  CHECK_FALSE(has(s.log(), "reload-kept: --index"));
  CHECK(ask(s.port(), "GET", "/").body == "first");
  CHECK_FALSE(fs::exists(files.base() / "t"));
}

TEST_CASE("a least rate after SIGHUP holds for a connection that was there before") {
  site const files;
  files.write("a.txt", "first");
  auto const config = files.write(files.base() / "conf", "min-rate = 0\n");
  server const s(files, {"--config", config.string()});
  client c(s.port());
  CHECK(next(c, "/a.txt").body == "first");
  files.write(config, "min-rate = 1M\nidle-timeout = 400ms\n");
  hang_up(s);
  c.send("GET / HTTP/1.1\r\nX: ");
  CHECK(eventually([&] { return !c.send("y") || c.has_input(); }));
  CHECK(c.read_reply().status == 408);
  CHECK(s.logged("head-too-slow: 408"));
}

TEST_CASE("SIGHUP opens the access log again") {
  site const files;
  files.write("a.txt", "first");
  auto const log = files.base() / "access.log";
  auto const old = files.base() / "access.log.1";
  server const s(files, {"--access-log", log.string()});
  client stays(s.port());
  CHECK(next(stays, "/a.txt?before").status == 200);
  REQUIRE(eventually([&] { return has(contents(log), "?before"); }));
  fs::rename(log, old);
  CHECK(next(stays, "/a.txt?between").status == 200);
  REQUIRE(eventually([&] { return has(contents(old), "?between"); }));
  hang_up(s);
  CHECK(next(stays, "/a.txt?after").status == 200);
  REQUIRE(eventually([&] { return has(contents(log), "?after"); }));
  CHECK_FALSE(has(contents(log), "?between"));
  CHECK_FALSE(has(contents(old), "?after"));
}

TEST_CASE("the inspector can come and go with the configuration") {
  site const files;
  auto const config = files.write(files.base() / "conf", "");
  server const s(files, {"--config", config.string()});
  auto const look = [&] { return ask(s.port(), "GET", "http://localhost/-/exchanges", "").status; };
  CHECK(look() == 404);
  files.write(config, "inspect = on\n");
  hang_up(s);
  CHECK(look() == 200);
  files.write(config, "inspect = off\n");
  hang_up(s);
  CHECK(look() == 404);
}

TEST_CASE("a SIGHUP that whoever started the server ignores stays ignored") {
  site const files;
  server const s(files, {}, {}, {"/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh"});
  auto const status = contents("/proc/" + std::to_string(s.pid()) + "/status");
  auto const at = status.find("SigIgn:\t");
  REQUIRE(at != std::string::npos);
  CHECK((std::stoull(status.substr(at + 8, 16), nullptr, 16) & 1U) == 1);
}

TEST_CASE("a server serves and ends as ever, whatever state it inherits") {
  site const files;
  auto const page = files.write("a.txt", "first");
  files.play("process", "process");
  files.play("echo", "echo");
  files.script("failing", "#!/bin/sh\nexit 42\n");
  server const s(files, {}, {"TZ=Asia/Kathmandu", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8"},
                 careless_start);
  auto const file = ask(s.port(), "GET", "/a.txt");
  CHECK(file.body == "first");
  struct stat state {};
  REQUIRE(::stat(page.c_str(), &state) == 0);
  char date[64];
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&state.st_mtime));
  CHECK(file.field("Last-Modified") == date);
  auto const script = entries(ask(s.port(), "GET", "/cgi-bin/process").body, '\n');
  CHECK(script.at("descriptors") == "0,1,2");
  CHECK(script.at("blocked") == "");
  CHECK(script.at("ignored") == "");
  client c(s.port());
  c.send(request("POST", "/cgi-bin/echo", "Transfer-Encoding: chunked\r\n") + chunked("spooled"));
  CHECK(c.read_reply().body == "spooled");
  CHECK(has(ask(s.port(), "GET", "/cgi-bin/failing").body, "status 42"));
}

TEST_CASE("the server ends when the terminal that it was started from is closed") {
  site const files;
  auto const result = run({"/usr/bin/python3", "-c",
                           "import os, pty, sys\n"
                           "pid, terminal = pty.fork()\n"
                           "if pid == 0:\n"
                           "    os.execv(sys.argv[1], sys.argv[1:])\n"
                           "seen = b''\n"
                           "while b'Press CTRL+C' not in seen:\n"
                           "    seen += os.read(terminal, 1000)\n"
                           "os.close(terminal)\n"
                           "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n",
                           binary(), "--port", "0", files.root().string()});
  CHECK_MESSAGE(result.out == "0\n", result.out, result.err);
}

TEST_CASE("the health of a server is told to everyone, without details") {
  site const files;
  files.write("-/health", "a file");
  auto const log = files.base() / "access.log";
  for (bool const inspected : {false, true}) {
    CAPTURE(inspected);
    arguments options{"--access-log", log.string()};
    if (inspected) options.emplace_back("--inspect");
    server const s(files, options);
    struct row {
      std::string_view label;
      std::string method;
      std::string target;
      std::string fields;
      unsigned status;
      std::string body;
    };
    row const rows[] = {
        {"asked as usual", "GET", "/-/health", "", 200, "ok\n"},
        {"by a head", "HEAD", "/-/health", "", 200, ""},
        {"through a proxy", "GET", "/-/health", "X-Forwarded-For: 192.0.2.1\r\n", 200, "ok\n"},
        {"under another name", "GET", "http://balancer.example/-/health", "", 200, "ok\n"},
        {"with a query", "GET", "/-/health?now", "", 200, "ok\n"},
        {"by a method that changes", "POST", "/-/health", "", 405, {}},
        {"below it", "GET", "/-/health/more", "", 404, {}},
    };
    for (row const& r : rows) {
      CAPTURE(r.label);
      auto const answer = ask(s.port(), r.method, r.target, r.fields);
      CHECK(answer.status == r.status);
      CHECK(answer.field("Cache-Control") == "no-store");
      if (r.status == 200) CHECK(answer.body == r.body);
      if (r.status == 200) CHECK(answer.field("Content-Length") == "3");
    }
    ask(s.port(), "GET", "/other?last");
    REQUIRE(eventually([&] { return has(contents(log), "/other?last"); }));
    CHECK_FALSE(has(contents(log), "GET /-/health HTTP"));
  }
}

TEST_CASE("the health of a server that stops is 200 on a kept connection until its end") {
  site const files;
  files.script("half", "#!/bin/sh\n" + text_head +
                           "echo one\nwhile [ ! -e go ]; do sleep 0.01; done\necho two\n");
  server s(files);
  client busy(s.port());
  busy.send(request("GET", "/cgi-bin/half"));
  busy.read_until("one\n");
  client c(s.port());
  c.send("GET /-/health HTTP/1.1\r\n");
  client last(s.port());
  CHECK(next(last, "/none").status == 404);  // by then the first one's head has begun
  s.signal(SIGTERM);
  CHECK(s.refuses_connections());
  CHECK(last.ends_here());
  c.send("Host: h\r\n\r\n");
  auto const answer = c.read_reply();
  CHECK(answer.status == 200);
  CHECK(answer.body == "ok\n");
  CHECK(answer.field("Connection") == "close");
  files.write("cgi-bin/go", "");
  CHECK(busy.read_until("two\n").ends_with("two\n"));
  CHECK(s.wait_for_end() == 0);
}

TEST_CASE("the health of a server is 200 on a kept connection while another takes over") {
  site const files;
  auto const path = files.base() / "takeover";
  server first(files, {"--takeover", path.string()});
  client kept(first.port());
  CHECK(next(kept, "/-/health").status == 200);
  server const second(files, {"--takeover", path.string()});
  CHECK(first.logged("another server has taken over"));
  auto const last = next(kept, "/-/health");
  CHECK(last.status == 200);
  CHECK(last.field("Connection") == "close");
  CHECK(kept.ends_here());
  CHECK(first.wait_for_end() == 0);
  CHECK(ask(second.port(), "GET", "/-/health").status == 200);
}

TEST_CASE("a request that has come when the server is stopped is answered") {
  site const files;
  files.write("a.txt", "first");
  files.script("half",
               "#!/bin/sh\n" + text_head + "echo one\nwhile [ ! -e go ]; do sleep 0.01; done\n");
  server s(files, {"--threads", "1"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/half") + request("GET", "/a.txt"));
  c.read_until("one\n");
  s.signal(SIGTERM);
  CHECK(s.refuses_connections());
  files.write("cgi-bin/go", "");
  CHECK(c.read_until("first").ends_with("first"));
  CHECK(s.wait_for_end() == 0);
}

TEST_CASE("another server takes over, and no client notices") {
  site const files;
  files.write("a.txt", "first");
  files.script("half", "#!/bin/sh\n" + text_head +
                           "echo one\nwhile [ ! -e go ]; do sleep 0.01; done\necho two\n");
  auto const path = files.base() / "takeover";
  server first(files, {"--takeover", path.string()});
  struct stat is {};
  REQUIRE(::lstat(path.c_str(), &is) == 0);
  CHECK((is.st_mode & 07777U) == 0600);
  client idle(first.port());
  client stays(first.port());
  CHECK(next(stays, "/a.txt").body == "first");
  client busy(first.port());
  busy.send(request("GET", "/cgi-bin/half"));
  busy.read_until("one\n");

  server second(files, {"--takeover", path.string()});
  CHECK(second.port() == first.port());
  CHECK(second.logged("took over"));
  CHECK(first.logged("another server has taken over"));
  // Connections of the first have one more answer each, and are told that it is the last.
  for (client* const c : {&idle, &stays}) {
    auto const last = next(*c, "/a.txt");
    CHECK(last.body == "first");
    CHECK(last.field("Connection") == "close");
    CHECK(c->ends_here());
  }
  auto const new_one = ask(second.port(), "GET", "/a.txt?new");
  CHECK(new_one.body == "first");
  CHECK(second.logged("/a.txt?new"));
  files.write("cgi-bin/go", "");
  CHECK(busy.read_until("two\n").ends_with("two\n"));
  busy.close();
  CHECK(first.wait_for_end() == 0);
  CHECK(fs::exists(path));

  server const third(files, {"--takeover", path.string()});
  CHECK(third.port() == first.port());
  CHECK(second.wait_for_end() == 0);
  CHECK(ask(third.port(), "GET", "/a.txt").body == "first");
}

TEST_CASE("a server that could not get ready leaves the old one at work") {
  site const files;
  files.write("a.txt", "first");
  auto const path = files.base() / "takeover";
  server const s(files, {"--takeover", path.string()});
  auto const failed = run({binary(), "--takeover", path.string(), "--access-log", "/nowhere/log",
                           files.root().string()});
  CHECK(failed.code() == 1);
  CHECK(has(failed.err, "/nowhere/log"));
  CHECK(s.logged("takeover-failed: "));
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK(fs::exists(path));
  // And it can still be taken over.
  CHECK(has(run({"/usr/bin/python3", "-c",
                 "import os, socket, sys\n"
                 "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                 "s.connect(sys.argv[1])\n"
                 "d = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)\n"
                 "socket.send_fds(s, [b'gatehouse takeover 1'], [d])\n"
                 "print(socket.recv_fds(s, 100, 1)[0].decode())\n",
                 path.string()})
                .out,
            "socket"));
}

TEST_CASE("who does not show that it may take over gets nothing") {
  site const files;
  files.write("a.txt", "first");
  auto const path = files.base() / "takeover";
  server const s(files, {"--takeover", path.string()});
  struct row {
    std::string_view label;
    std::string proof;
    std::string words;
  };
  row const rows[] = {
      {"no descriptor", "[]", "gatehouse takeover 1"},
      {"another directory's", "[os.open('/', os.O_RDONLY)]", "gatehouse takeover 1"},
      {"one that was opened without reading", "[os.open(home, os.O_PATH)]", "gatehouse takeover 1"},
      {"other words", "[os.open(home, os.O_RDONLY)]", "hello"},
      {"no words", "None", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const got = run({"/usr/bin/python3", "-c",
                          "import os, socket, sys\n"
                          "home = os.path.dirname(sys.argv[1])\n"
                          "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                          "s.connect(sys.argv[1])\n"
                          "proof = " +
                              r.proof +
                              "\n"
                              "if proof is None: s.shutdown(socket.SHUT_WR)\n"
                              "elif proof: socket.send_fds(s, [sys.argv[2].encode()], proof)\n"
                              "else: s.send(sys.argv[2].encode())\n"
                              "data, fds, _, _ = socket.recv_fds(s, 100, 1)\n"
                              "print(data, fds)\n",
                          path.string(), r.words});
    CHECK_MESSAGE(got.out == "b'' []\n", got.out, got.err);
  }
  CHECK(count_of(s.log(), "takeover-refused: ") == std::size(rows));
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
}

TEST_CASE("peers at the take-over path cost no descriptors and keep nobody from taking over") {
  site const files;
  files.write("a.txt", "first");
  auto const path = files.base() / "takeover";
  server first(files, {"--takeover", path.string()});
  auto const before = first.descriptors();
  CHECK(run({"/usr/bin/python3", "-c",
             "import os, socket, sys\n"
             "two = [os.open('/', os.O_RDONLY)] * 2\n"
             "for _ in range(300):\n"
             "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
             "    s.connect(sys.argv[1])\n"
             "    socket.send_fds(s, [b'gatehouse takeover 1'], two)\n"
             "    s.recv(100)\n"
             "    s.close()\n",
             path.string()})
            .code() == 0);
  CHECK(eventually([&] { return first.descriptors() == before; }));
  std::vector<std::unique_ptr<unix_peer>> silent;
  for (int i = 0; i < 5; ++i) silent.push_back(std::make_unique<unix_peer>(path));
  server const second(files, {"--takeover", path.string()});
  CHECK(second.port() == first.port());
  CHECK(first.wait_for_end() == 0);
  CHECK(ask(second.port(), "GET", "/a.txt").body == "first");
}

TEST_CASE("an access log that root makes for --user is opened again by a reload") {
  if (::geteuid() != 0) return;
  site const files;
  files.write("a.txt", "x");
  for (auto const& each : {files.base(), files.root(), files.cgi_bin()})
    REQUIRE(::chmod(each.c_str(), 0755) == 0);
  auto const log = files.base() / "access.log";
  server const s(files, {"--user", "65534", "--group", "65534", "--access-log", log.string()});
  hang_up(s);
  CHECK(ask(s.port(), "GET", "/a.txt").status == 200);
  CHECK(eventually([&] {
    std::ifstream in(log);
    return has(std::string(std::istreambuf_iterator<char>(in), {}), "/a.txt");
  }));
}

TEST_CASE("who is of another user does not take over, even if it can connect and read") {
  if (::geteuid() != 0) return;
  site const files;
  auto const path = files.base() / "takeover";
  server const s(files, {"--takeover", path.string()});
  REQUIRE(::chmod(files.base().c_str(), 0755) == 0);
  REQUIRE(::chmod(path.c_str(), 0666) == 0);
  auto const got = run({"/usr/bin/python3", "-c",
                        "import os, socket, sys\n"
                        "os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
                        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                        "s.connect(sys.argv[1])\n"
                        "home = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)\n"
                        "socket.send_fds(s, [b'gatehouse takeover 1'], [home])\n"
                        "data, fds, _, _ = socket.recv_fds(s, 100, 1)\n"
                        "print(data, fds)\n",
                        path.string()});
  CHECK_MESSAGE(got.out == "b'' []\n", got.out, got.err);
  CHECK(s.logged("of user 65534 may not take over: it is of another user"));
}

TEST_CASE("a server that cannot be found at the take-over path leaves the old one at work") {
  if (::geteuid() != 0) return;
  site const files;
  files.write("a.txt", "first");
  auto const room = files.base() / "room";
  auto const path = room / "takeover";
  fs::create_directory(room);
  // There anybody can make files, and nobody else can replace root's.
  for (auto const& each : {files.base(), files.root(), files.cgi_bin()})
    REQUIRE(::chmod(each.c_str(), 0755) == 0);
  REQUIRE(::chmod(room.c_str(), 01777) == 0);
  server const s(files, {"--takeover", path.string()});
  auto const failed = run({binary(), "--takeover", path.string(), "--user", "nobody", "--group",
                           "nogroup", files.root().string()});
  CHECK_MESSAGE(failed.code() == 1, failed.err);
  CHECK(has(failed.err, "cannot be put in the place of the running server's"));
  CHECK(s.logged("takeover-failed: "));
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK(std::distance(fs::directory_iterator(room), {}) == 1);
}

TEST_CASE(
    "a server that is killed when it has taken the path leaves the old one to be found again") {
  site const files;
  files.write("a.txt", "first");
  auto const path = files.base() / "takeover";
  server first(files, {"--takeover", path.string()});
  auto const got = run({"/usr/bin/python3", "-c",
                        "import os, socket, sys\n"
                        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                        "s.connect(sys.argv[1])\n"
                        "home = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)\n"
                        "socket.send_fds(s, [b'gatehouse takeover 1'], [home])\n"
                        "print(socket.recv_fds(s, 100, 1)[0].decode())\n"
                        "mine = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                        "mine.bind(sys.argv[1] + '.new')\n"
                        "mine.listen()\n"
                        "os.rename(sys.argv[1] + '.new', sys.argv[1])\n",
                        path.string()});
  CHECK_MESSAGE(got.out == "socket\n", got.err);
  CHECK(first.logged("takeover-failed: "));
  server const second(files, {"--takeover", path.string()});
  CHECK(second.port() == first.port());
  CHECK(first.wait_for_end() == 0);
  CHECK(ask(second.port(), "GET", "/a.txt").body == "first");
}

TEST_CASE("what lies at the take-over path decides how a server starts") {
  site const files;
  files.write("a.txt", "first");
  auto const path = files.base() / "takeover";
  SUBCASE("a socket that nobody listens at is replaced") {
    {
      server killed(files, {"--takeover", path.string()});
      killed.signal(SIGKILL);
      CHECK(killed.wait_for_end().has_value());
    }
    REQUIRE(fs::exists(path));
    server const s(files, {"--takeover", path.string()});
    CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  }
  SUBCASE("a server that ends takes its socket away") {
    server s(files, {"--takeover", path.string()});
    s.signal(SIGTERM);
    CHECK(s.wait_for_end() == 0);
    CHECK_FALSE(fs::exists(path));
  }
  SUBCASE("a file is not replaced") {
    files.write(path, "precious");
    auto const result = run({binary(), "--takeover", path.string(), files.root().string()});
    CHECK(result.code() == 1);
    CHECK(has(result.err, "is no socket"));
    CHECK(contents(path) == "precious");
  }
  SUBCASE("a path that is too long is refused") {
    auto const result = run({binary(), "--takeover", "/" + std::string(200, 'x'), files.root()});
    CHECK(result.code() == 1);
    CHECK(has(result.err, "too long"));
  }
}

TEST_CASE("a socket that was given is served") {
  site const files;
  files.write("a.txt", "first");
  server const s(files, {}, {}, with_sockets(1));
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK_FALSE(has(s.log(), "socket-given"));
}

TEST_CASE("every socket that was given is served, and handed over to the next server") {
  site const files;
  files.write("a.txt", "first");
  auto const path = (files.base() / "takeover").string();
  server old(files, {"--takeover", path}, {}, with_sockets(2));
  auto const urls = urls_in(old.ready_line());
  REQUIRE(urls.size() == 2);
  CHECK(urls.front().starts_with("http://127.0.0.1:"));
  CHECK(urls.back().starts_with("http://127.0.0.2:"));
  for (auto const& url : urls) CHECK(fetched(url + "a.txt") == "first");
  server const next(files, {"--takeover", path});
  CHECK(next.ready_line() == old.ready_line());
  CHECK(old.wait_for_end() == 0);
  for (auto const& url : urls) {
    CHECK(fetched(url + "a.txt") == "first");
    CHECK(fetched(url + "-/health") == "ok\n");
  }
  CHECK(next.logged("socket-given: listens on 127.0.0.1:"));
}

TEST_CASE("sockets that were given to another process are left alone") {
  site const files;
  files.write("a.txt", "first");
  server const s(files, {}, {}, with_sockets(1, "1"));
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
}

TEST_CASE("more sockets than can be served are an error") {
  site const files;
  auto argv = with_sockets(17);
  argv.insert(argv.end(), {binary(), files.root().string()});
  auto const result = run(argv);
  CHECK(result.code() == 1);
  CHECK(has(result.err, "LISTEN_FDS: 17 sockets"));
}

TEST_CASE("whoever watches over the server is told of its state") {
  site const files;
  auto const path = (files.base() / "notify").string();
  for (std::string const& name : {path, "@gatehouse-test-" + std::to_string(::getpid())}) {
    CAPTURE(name);
    manager const told(name);
    server s(files, {}, {"NOTIFY_SOCKET=" + name});
    CHECK(told.is_told("READY=1"));
    s.signal(SIGHUP);
    CHECK(told.is_told("RELOADING=1"));
    CHECK(told.is_told("READY=1"));
    s.signal(SIGTERM);
    CHECK(told.is_told("STOPPING=1"));
    CHECK(s.wait_for_end() == 0);
  }
}

TEST_CASE("an access log on a full disk costs lines and nothing else") {
  site const files;
  files.write("a.txt", "first");
  auto const log = files.base() / "access.log";
  auto const config = files.write(files.base() / "conf", "access-log = /dev/full\n");
  server const s(files, {"--config", config.string()});
  for (int i = 0; i < 50; ++i) CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  REQUIRE(s.logged("access-log-lost: /dev/full: "));
  CHECK(count_of(s.log(), "access-log-lost") == 1);
  files.write(config, "access-log = " + log.string() + "\n");
  hang_up(s);
  CHECK(s.logged("access-log-again: 50 lines were lost"));
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK(eventually([&] { return has(contents(log), "/a.txt"); }));
}

TEST_CASE("nobody waits for who does not read the access log") {
  site const files;
  files.write("a.txt", "first");
  auto const log = files.base() / "pipe";
  full_pipe const pipe(log);
  server const s(files, {"--access-log", log.string()});
  for (int i = 0; i < 200; ++i) CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK(s.logged("access-log-lost: "));
  CHECK(has(pipe.read(), "GET /a.txt"));
  // Once there is room again, and the news is not too new, the number is told.
  CHECK(eventually([&] {
    ask(s.port(), "GET", "/a.txt");
    pipe.read();
    return has(s.log(), "access-log-again: ");
  }));
}

TEST_CASE("nobody waits for who does not read standard error") {
  site const files;
  files.write("a.txt", "first");
  auto const errors = files.base() / "pipe";
  full_pipe const pipe(errors);
  server const s(
      files, {"--log-level", "debug"}, {},
      {"/bin/sh", "-c", "errors=$1; shift; exec \"$@\" 2>$errors", "sh", errors.string()});
  for (int i = 0; i < 200; ++i) {
    CHECK(ask(s.port(), "GET", "/none").status == 404);
    CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  }
  std::string seen = pipe.read();
  CHECK(has(seen, "GET /a.txt"));
  CHECK(eventually([&] {
    ask(s.port(), "GET", "/none");
    seen += pipe.read();
    return has(seen, " log-again: ") && has(seen, " access-log-again: ");
  }));
}

TEST_SUITE_END();
