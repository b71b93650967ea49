// More than the server has room for: connections beyond its limits, clients that are slow on
// purpose, and a system that has no descriptor left. Whoever can be served is, and whoever cannot
// is told so.

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client.hpp"
#include "patience.hpp"
#include "plays.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;

namespace {

using clients = std::vector<std::unique_ptr<client>>;

// Prints its head, and its end when there is a file "go".
std::string const waiting_script =
    "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nbegun\\n'\n"
    "while ! [ -e go ]; do sleep 0.01; done\necho done\n";

// Whether the server has a file of that name open.
bool has_open(server const& s, std::filesystem::path const& name) {
  std::error_code ec;
  for (auto const& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(s.pid()) + "/fd", ec)) {
    if (std::filesystem::read_symlink(entry, ec).filename() == name) return true;
  }
  return false;
}

// So many connections that were answered once and wait for the next request.
clients idle_clients(server const& s, int count) {
  clients out;
  for (int i = 0; i < count; ++i) {
    out.push_back(std::make_unique<client>(s.port()));
    out.back()->send(request("GET", "/a.txt"));
    CHECK(out.back()->read_reply().status == 200);
  }
  // The server closes the file a moment after the client has it.
  CHECK(eventually([&] { return !has_open(s, "a.txt"); }));
  return out;
}

// So many connections that are being answered by waiting_script.
clients busy_clients(server const& s, int count) {
  clients out;
  for (int i = 0; i < count; ++i) {
    out.push_back(std::make_unique<client>(s.port()));
    out.back()->send(request("GET", "/cgi-bin/wait"));
    out.back()->read_until("begun\n");
  }
  return out;
}

void check_refused(client& c, std::string const& reason) {
  c.send(request("GET", "/a.txt"));
  auto const answer = c.read_reply();
  CHECK(answer.status == 503);
  CHECK(answer.field("Retry-After") == "1");
  CHECK(answer.field("Connection") == "close");
  CHECK(answer.whole);
  CHECK(answer.body.find(reason) != std::string::npos);
  CHECK(c.ends_here());
  CHECK_FALSE(c.was_reset());
}

std::size_t count_of(std::string const& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// The number that the server's next descriptor gets.
std::size_t next_descriptor(server const& s) {
  std::size_t number = 0;
  while (::access(("/proc/" + std::to_string(s.pid()) + "/fd/" + std::to_string(number)).c_str(),
                  F_OK) == 0) {
    ++number;
  }
  return number;
}

// What the server holds in files without a name.
std::uintmax_t bytes_spooled(server const& s) {
  std::uintmax_t sum = 0;
  std::error_code ec;
  for (auto const& fd :
       std::filesystem::directory_iterator("/proc/" + std::to_string(s.pid()) + "/fd", ec)) {
    auto const name = std::filesystem::read_symlink(fd.path(), ec).string();
    if (name.find(" (deleted)") == std::string::npos) continue;
    auto const size = std::filesystem::file_size(fd.path(), ec);
    if (!ec) sum += size;
  }
  return sum;
}

// The server may have descriptors up to this number, not included, from now on.
void allow_descriptors(server const& s, std::size_t end) {
  rlimit limit{};
  REQUIRE(::prlimit(s.pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
  limit.rlim_cur = std::min<rlim_t>(end, limit.rlim_max);
  REQUIRE(::prlimit(s.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
}

}  // namespace

TEST_SUITE_BEGIN("overload");

TEST_CASE("a new connection takes the place of the one that waited longest for a request") {
  site const files;
  files.write("a.txt", "first");
  for (std::string const threads : {"1", "2"}) {
    CAPTURE(threads);
    server const s(files, {"--max-connections", "4", "--threads", threads});
    auto idle = idle_clients(s, 4);
    // One thread has one order of waiting; of two, either's first may make room.
    if (threads == "1") {
      idle[0]->send(request("GET", "/a.txt"));
      CHECK(idle[0]->read_reply().status == 200);
      CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
      CHECK(idle[1]->ends_here());
      CHECK_FALSE(idle[1]->was_reset());
      for (int const i : {0, 2, 3}) {
        CAPTURE(i);
        idle[static_cast<std::size_t>(i)]->send(request("GET", "/a.txt"));
        CHECK(idle[static_cast<std::size_t>(i)]->read_reply().body == "first");
      }
    }
    for (int i = 0; i < 200; ++i) CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
    CHECK(s.log().find("connection-limit") == std::string::npos);
  }
}

TEST_CASE("when all connections are busy, more are told to come again") {
  site const files;
  files.write("a.txt", "first");
  files.script("wait", waiting_script);
  server const s(files, {"--max-connections", "3", "--access-log", "off"});
  auto busy = busy_clients(s, 3);
  for (int i = 0; i < 5; ++i) {
    client more(s.port());
    check_refused(more, "connection-limit");
  }
  CHECK(s.logged("connection-limit: 503 to 127.0.0.1"));
  CHECK(s.logged("more connections"));
  files.write("cgi-bin/go", "");
  for (auto& c : busy) CHECK(c->read_until("done\n").find("done") != std::string::npos);
  busy.clear();
  CHECK(eventually([&] { return ask(s.port(), "GET", "/a.txt").status == 200; }));
}

TEST_CASE("a crowd that is refused makes a few lines in the log") {
  site const files;
  files.script("wait", waiting_script);
  server const s(files, {"--max-connections", "1", "--access-log", "off"});
  auto const busy = busy_clients(s, 1);
  clients crowd;
  for (int i = 0; i < 600; ++i) crowd.push_back(std::make_unique<client>(s.port()));
  for (auto& c : crowd) c->read_until("\r\n\r\n");
  crowd.clear();
  CHECK(s.logged("more connections"));
  CHECK(count_of(s.log(), "connection-limit") < 60);
  files.write("cgi-bin/go", "");
}

TEST_CASE("heads that do not end make room for requests that are whole") {
  site const files;
  files.write("a.txt", "first");
  files.script("wait", waiting_script);
  server const s(files, {"--max-connections", "4", "--threads", "1"});
  clients slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<client>(s.port()));
    slow.back()->send("GET /a.txt HTTP/1.1\r\nHos");
  }
  auto const busy = busy_clients(s, 1);  // and by now the heads are waited for
  for (int i = 0; i < 20; ++i) CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK(slow.front()->read_reply().status == 408);
  CHECK(slow.front()->ends_here());
  CHECK(s.logged("head-displaced: 408 to 127.0.0.1"));
  slow.back()->send("t: h\r\n\r\n");
  CHECK(slow.back()->read_reply().body == "first");
  files.write("cgi-bin/go", "");
}

TEST_CASE("one address has so many connections and no more") {
  site const files;
  files.write("a.txt", "first");
  server const s(files, {"--max-connections-per-address", "2", "--access-log", "off"});
  auto first = idle_clients(s, 2);
  {
    client third(s.port());
    check_refused(third, "address-limit");
  }
  client neighbour(s.port(), 0, "127.0.0.2");
  neighbour.send(request("GET", "/a.txt"));
  CHECK(neighbour.read_reply().body == "first");
  CHECK(s.logged("address-limit: 503 to 127.0.0.1"));
  first.pop_back();
  CHECK(eventually([&] { return ask(s.port(), "GET", "/a.txt").status == 200; }));
}

TEST_CASE("a client that is slower than the least rate is let go") {
  site const files;
  files.play("echo", "echo");
  files.write("big.bin", std::string(16 << 20, 'x'));
  server const s(files, {"--idle-timeout", "400ms", "--min-rate", "1M"});
  client c(s.port(), 4096);
  auto const trickle = [&] { return eventually([&] { return !c.send("y") || c.has_input(); }); };
  SUBCASE("in its head") {
    c.send("GET / HTTP/1.1\r\nX: ");
    CHECK(trickle());
    CHECK(c.read_reply().status == 408);
    CHECK(s.logged("head-too-slow: 408"));
  }
  SUBCASE("in its body") {
    c.send("POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
    CHECK(trickle());
    CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 408 "));
    CHECK(s.logged("body-too-slow: 408"));
  }
  SUBCASE("in its chunked body") {
    c.send("POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nFFFFF\r\n");
    CHECK(trickle());
    CHECK(c.read_reply().status == 408);
    CHECK(s.logged("body-too-slow: 408"));
  }
  SUBCASE("in taking its answer") {
    c.send(request("GET", "/big.bin"));
    c.read_head();
    CHECK(s.logged("reader-too-slow"));
    CHECK(s.logged(R"("GET /big.bin HTTP/1.1" 200)"));
    // What it reads in the end is not the whole, and looks so.
    CHECK(c.read_to_end().size() < (16 << 20));
    CHECK(c.was_reset());
  }
}

TEST_CASE("a client that takes a little of its answer all the time is let go") {
  site const files;
  files.write("big.bin", std::string(16 << 20, 'x'));
  server const s(files, {"--idle-timeout", "400ms", "--min-rate", "100M"});
  client c(s.port(), 4096);
  c.send(request("GET", "/big.bin"));
  c.read_head();
  std::size_t taken = 0;
  CHECK(eventually([&] {
    if (c.has_input()) taken += c.read_some().size();
    return c.was_reset();
  }));
  CHECK(taken < (16 << 20));
  CHECK(s.logged("reader-too-slow"));
}

TEST_CASE("a client that keeps up with the least rate may take its time") {
  site const files;
  files.play("echo", "echo");
  server const s(files, {"--idle-timeout", "2s", "--min-rate", "10"});
  client c(s.port());
  std::string const body(150, 'x');
  c.send("POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 150\r\n\r\n");
  // Longer in all than the time that it may fall behind, and faster than it must be.
  std::size_t sent = 0;
  auto const began = std::chrono::steady_clock::now();
  CHECK(eventually([&] {
    bool const due = std::chrono::steady_clock::now() - began > sent * 20ms;
    if (due && sent < body.size()) c.send(body.substr(sent++, 1));
    return sent == body.size();
  }));
  CHECK(c.read_reply().body == body);
}

TEST_CASE("a slow client does not keep a script's place from those who wait for it") {
  site const files;
  files.script("sink",
               "#!/bin/sh\ncat > /dev/null\nprintf 'Content-Type: text/plain\\n\\nfine\\n'\n");
  files.script("source",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nexec cat /dev/zero\n");
  // Without the others, either would go on for a minute.
  server const s(files, {"--max-scripts", "1", "--queue-timeout", "60s", "--idle-timeout", "20s",
                         "--script-timeout", "60s", "--grace", "0"});
  client c(s.port(), 4096);
  SUBCASE("by sending the rest of its body byte by byte") {
    c.send("POST /cgi-bin/sink HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" +
           std::string(200'000, 'x'));
  }
  SUBCASE("by not reading the answer") {
    c.send(request("GET", "/cgi-bin/source"));
    c.read_head();
  }
  CHECK(eventually([&] { return children_of(s.pid()).size() == 1; }));
  CHECK(ask(s.port(), "POST", "/cgi-bin/sink", "", "x").body == "fine\n");
  CHECK(s.logged("-too-slow"));
}

TEST_CASE("who takes the rest of an answer keeps nothing from those who wait for a script") {
  site const files;
  // Fits into its pipe, so that it can end, and is more than the kernel takes for a client that
  // does not read.
  std::size_t const size = 400'000;
  files.script("source",
               "#!/usr/bin/python3\nimport fcntl, os\n"
               "fcntl.fcntl(1, 1031, 1 << 20)  # F_SETPIPE_SZ\n"
               "os.write(1, b'Content-Type: text/plain\\n\\n' + b'x' * " +
                   std::to_string(size) + ")\n");
  files.script("wait", waiting_script);
  // While somebody waits for what a slow client holds, its 20 s are over in little more than one.
  server const s(files, {"--max-scripts", "1", "--queue", "10", "--queue-timeout", "3s",
                         "--idle-timeout", "60s"});
  client slow(s.port(), 4096);
  slow.send(request("GET", "/cgi-bin/source"));
  auto answer = slow.read_head();
  auto const busy = busy_clients(s, 1);
  CHECK(ask(s.port(), "GET", "/cgi-bin/wait").status == 503);
  slow.read_body(answer);
  CHECK(answer.whole);
  CHECK(answer.body.size() == size);
  CHECK(s.log().find("reader-too-slow") == std::string::npos);
  files.write("cgi-bin/go", "");
}

TEST_CASE("who waits for a script presses no client on whose connection one was started before") {
  site const files;
  files.write("big.bin", std::string(16 << 20, 'x'));
  // It has answered, and keeps its place.
  files.script("quiet",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nquiet\\n'\nexec >&- 2>&-\n"
               "while ! [ -e go ]; do sleep 0.01; done\n");
  server const s(files, {"--max-scripts", "1", "--queue", "10", "--queue-timeout", "3s",
                         "--idle-timeout", "60s"});
  client slow(s.port(), 4096);
  slow.send(request("GET", "/cgi-bin/quiet"));
  CHECK(slow.read_reply().body == "quiet\n");
  slow.send(request("GET", "/big.bin"));
  auto answer = slow.read_head();
  CHECK(ask(s.port(), "GET", "/cgi-bin/quiet").status == 503);
  slow.read_body(answer);
  CHECK(answer.whole);
  CHECK(s.log().find("reader-too-slow") == std::string::npos);
  files.write("cgi-bin/go", "");
}

TEST_CASE("spooled bodies have a limit together, and their room comes back") {
  site const files;
  files.script("sink", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nwc -c\n");
  auto const config = files.write(files.base() / "conf", "spool-limit = 400k\n");
  server const s(files, {"--body-limit", "100k", "--config", config.string()});
  std::string const head = request("POST", "/cgi-bin/sink", "Transfer-Encoding: chunked\r\n");
  std::string const most = chunked(std::string(100'000, 'x'));
  std::string const begun = head + most.substr(0, most.size() - 5);
  clients senders;
  for (int i = 0; i < 4; ++i) {
    senders.push_back(std::make_unique<client>(s.port()));
    senders.back()->send(begun);
  }
  CHECK(eventually([&] { return bytes_spooled(s) == 400'000; }));
  auto const one_more = [&] {
    client c(s.port());
    c.send(head + most);
    return c.read_reply();
  };
  auto const refused = one_more();
  CHECK(refused.status == 503);
  CHECK(refused.body.find("spool-limit") != std::string::npos);
  CHECK(refused.field("Retry-After") == "1");
  files.write(config, "spool-limit = 500k\n");
  s.signal(SIGHUP);
  CHECK(s.logged("reloaded: "));
  CHECK(one_more().body == "100000\n");
  CHECK(ask(s.port(), "POST", "/cgi-bin/sink", "", std::string(100'000, 'x')).body == "100000\n");
  for (auto& sender : senders) {
    sender->send(most.substr(most.size() - 5));
    CHECK(sender->read_reply().body == "100000\n");
  }
  CHECK(one_more().body == "100000\n");
}

TEST_CASE("a spooled body's room comes back when its script ends, whoever still reads the answer") {
  site const files;
  // Fits into its pipe, so that it can end, and is more than the kernel takes for a client that
  // does not read.
  files.script("source",
               "#!/usr/bin/python3\nimport fcntl, os\n"
               "fcntl.fcntl(1, 1031, 1 << 20)  # F_SETPIPE_SZ\n"
               "os.write(1, b'Content-Type: text/plain\\n\\n' + b'x' * 400000)\n");
  files.script("sink", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nwc -c\n");
  server const s(files, {"--body-limit", "100k", "--spool-limit", "100k"});
  std::string const chunks = "Transfer-Encoding: chunked\r\n";
  client slow(s.port(), 4096);
  slow.send(request("POST", "/cgi-bin/source", chunks) + chunked(std::string(100'000, 'x')));
  auto answer = slow.read_head();
  CHECK(eventually([&] {
    client next(s.port());
    next.send(request("POST", "/cgi-bin/sink", chunks) + chunked(std::string(90'000, 'x')));
    return next.read_reply().body == "90000\n";
  }));
  slow.read_body(answer);
  CHECK(answer.whole);
}

TEST_CASE("an answer without a length that is cut ends with a reset") {
  site const files;
  files.script("endless", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nbegun\\n'\nsleep 60\n");
  server const s(files, {"--script-timeout", "200ms", "--grace", "0"});
  client c(s.port());
  c.send("GET /cgi-bin/endless HTTP/1.0\r\n\r\n");
  c.read_until("begun\n");
  c.read_to_end();
  CHECK(c.was_reset());
}

TEST_CASE("a request for which no descriptor is left gets 503, and the next one is served") {
  site const files;
  files.play("process", "process");
  files.play("echo", "echo");
  std::string const big(100'000, 'x');
  files.write("big.bin", big);
  server const s(files, {"--threads", "1", "--access-log", "off"});
  client c(s.port());
  c.send(request("GET", "/none"));
  CHECK(c.read_reply().status == 404);
  struct row {
    std::string_view label;
    std::string text;
    std::string answer;  // what a 200 has in its body
  };
  row const rows[] = {
      {"a file", request("GET", "/big.bin"), big},
      {"a listing", request("GET", "/"), "big.bin"},
      {"a script", request("GET", "/cgi-bin/process"), "descriptors=0,1,2\n"},
      {"a script with a body", request("POST", "/cgi-bin/echo", "", "hello"), "hello"},
      {"a script with a large body", request("POST", "/cgi-bin/echo", "", big), big},
      {"a script with a spooled body",
       request("POST", "/cgi-bin/echo", "Transfer-Encoding: chunked\r\n") + chunked("hello"),
       "hello"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    int refused = 0;
    bool served = false;
    for (std::size_t more = 0; !served && more < 40; ++more) {
      CAPTURE(more);
      allow_descriptors(s, next_descriptor(s) + more);
      c.send(r.text);
      auto const answer = c.read_reply();
      served = answer.status == 200;
      if (served) {
        CHECK(answer.body.find(r.answer) != std::string::npos);
        continue;
      }
      ++refused;
      CHECK(answer.status == 503);
      CHECK(answer.field("Retry-After") == "1");
      CHECK(answer.field("Connection") == "");
      CHECK(answer.whole);
    }
    CHECK(served);
    CHECK(refused > 0);
    allow_descriptors(s, 1024);
  }
}

// The server is stopped meanwhile, so that it sees a whole burst at once: who is asked to make room
// has sent a part of a head that nobody has read yet.
TEST_CASE("connections make room also when a part of a head comes before they are asked") {
  site const files;
  files.write("a.txt", "first");
  server const s(files, {"--threads", "1", "--max-connections", "4", "--header-timeout", "60s",
                         "--min-rate", "0"});
  auto const at_rest = s.descriptors();
  clients all;
  for (int burst = 0; burst < 3; ++burst) {
    ::kill(s.pid(), SIGSTOP);
    for (int i = 0; i < 8; ++i) {
      all.push_back(std::make_unique<client>(s.port()));
      all.back()->send("GET /");
    }
    ::kill(s.pid(), SIGCONT);
    // Whoever comes last is answered last, though maybe with a 503.
    static_cast<void>(ask(s.port(), "GET", "/a.txt"));
    CHECK(eventually([&] { return s.descriptors() <= at_rest + 4; }));
  }
  CHECK(eventually([&] { return ask(s.port(), "GET", "/a.txt").body == "first"; }));
}

TEST_CASE("no connection is closed for room that is there again") {
  site const files;
  files.write("a.txt", "first");
  files.script("wait", waiting_script);
  server const s(files, {"--threads", "1", "--max-connections", "4"});
  auto const at_rest = s.descriptors();
  auto busy = idle_clients(s, 4);
  ::kill(s.pid(), SIGSTOP);
  clients more;  // come first, and find only connections that are about to be busy
  for (int i = 0; i < 3; ++i) more.push_back(std::make_unique<client>(s.port()));
  for (auto& each : busy) each->send(request("GET", "/cgi-bin/wait"));
  ::kill(s.pid(), SIGCONT);
  for (auto& each : busy) each->read_until("begun\n");
  for (auto& each : busy) each->reset();
  for (auto& each : more) each->reset();
  CHECK(eventually([&] { return s.descriptors() == at_rest; }));
  auto const kept = idle_clients(s, 4);
  for (auto const& each : kept) {
    each->send(request("GET", "/a.txt"));
    CHECK(each->read_reply().body == "first");
  }
}

TEST_CASE("without a descriptor for a new connection an idle one makes room") {
  site const files;
  files.write("a.txt", "first");
  server const s(files, {"--threads", "1"});
  auto const idle = idle_clients(s, 10);
  allow_descriptors(s, next_descriptor(s));
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
  CHECK(idle.front()->ends_here());
}

TEST_CASE("without a descriptor and an idle connection a client is told to come again") {
  site const files;
  files.write("a.txt", "first");
  files.script("wait", waiting_script);
  server const s(files, {"--threads", "1", "--access-log", "off"});
  auto busy = busy_clients(s, 3);
  allow_descriptors(s, next_descriptor(s));
  for (int i = 0; i < 3; ++i) {
    client more(s.port());
    CHECK(more.read_until("\r\n\r\n").starts_with("HTTP/1.1 503 "));
  }
  CHECK(s.logged("out-of-descriptors: 503 to 127.0.0.1"));
  // It waits meanwhile, and does not spin.
  CHECK(count_of(s.log(), "accept-failed") < 10);
  files.write("cgi-bin/go", "");
  for (auto& c : busy) c->read_until("done\n");
  busy.clear();
  CHECK(eventually([&] { return ask(s.port(), "GET", "/a.txt").status == 200; }));
}

TEST_CASE("a server with few descriptors has few connections and says so") {
  site const files;
  server const s(files, {"--queue", "0", "--max-scripts", "1"}, {},
                 {"/usr/bin/prlimit", "--nofile=1024:1024"});
  CHECK(s.logged("connections-limited: to 632 of 16384"));
}

TEST_SUITE_END();
