// Request bodies that do not come at once: they take no script's place before they are there.

#include <doctest/doctest.h>

#include <chrono>
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

namespace {

std::string head_of(std::string_view target, std::size_t length) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Whether the server holds a file without a name.
bool has_spooled(server const& s) {
  std::error_code ec;
  for (auto const& fd :
       std::filesystem::directory_iterator("/proc/" + std::to_string(s.pid()) + "/fd", ec)) {
    auto const name = std::filesystem::read_symlink(fd.path(), ec).string();
    if (name.find(" (deleted)") != std::string::npos) return true;
  }
  return false;
}

// Sends on, a byte at a time, until something of the body was kept, or its script was started.
// Gives how many bytes that took.
std::size_t trickle(client& c, server const& s) {
  std::size_t sent = 0;
  CHECK(eventually([&] {
    c.send("x");
    ++sent;
    return has_spooled(s) || !children_of(s.pid()).empty();
  }));
  return sent;
}

}  // namespace

TEST_SUITE_BEGIN("slow_bodies");

TEST_CASE("a body that does not come at once takes no script's place before it is there") {
  site const files;
  files.play("echo", "echo");
  files.script("quick", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nquick\\n'\n");
  server const s(files, {"--max-scripts", "1", "--queue-timeout", "2s"});
  std::vector<std::unique_ptr<client>> slow;
  std::vector<std::string> rest;
  std::string const body(200'000, 'x');
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<client>(s.port()));
    slow.back()->send(head_of("/cgi-bin/echo", body.size()) + body.substr(0, 20'000));
    rest.push_back(body.substr(20'000 + trickle(*slow.back(), s)));
    CHECK(ask(s.port(), "GET", "/cgi-bin/quick").body == "quick\n");
  }
  for (std::size_t i = 0; i < slow.size(); ++i) {
    slow[i]->send(rest[i]);
    CHECK((slow[i]->read_reply().body == body));
  }
}

TEST_CASE("a body is exact however slowly it comes") {
  site const files;
  files.play("echo", "echo");
  files.write("a.txt", "next");
  server const s(files);
  auto const body = run({"seq", "100000"}).out;
  struct row {
    std::string_view label;
    std::size_t at_once;  // what comes with the head; then a byte at a time for a while, then all
    std::size_t size;
  };
  row const rows[] = {
      {"a short one", 0, 100},
      {"one that fits into memory", 100, 10'000},
      {"slow at its start", 0, body.size()},
      {"slow after its start", 20'000, body.size()},
      {"fast at its start", 300'000, body.size()},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send(head_of("/cgi-bin/echo", r.size) + body.substr(0, r.at_once));
    auto sent = r.at_once;
    auto const begun = std::chrono::steady_clock::now();
    auto const slow_until = begun + std::chrono::milliseconds(300);
    CHECK(eventually([&] {
      if (sent + 1 < r.size) c.send(body.substr(sent++, 1));
      return sent + 1 == r.size || std::chrono::steady_clock::now() > slow_until;
    }));
    c.send(body.substr(sent, r.size - sent) + request("GET", "/a.txt"));
    CHECK((c.read_reply().body == body.substr(0, r.size)));
    CHECK(c.read_reply().body == "next");
  }
}

TEST_CASE("a slow body for which there is no room to keep it takes its place at once") {
  site const files;
  files.play("echo", "echo");
  server const s(files, {"--body-limit", "100k", "--spool-limit", "100k"});
  std::string const body(90'000, 'x');
  std::vector<std::unique_ptr<client>> slow;
  std::vector<std::string> rest;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<client>(s.port()));
    slow.back()->send(head_of("/cgi-bin/echo", body.size()) + body.substr(0, 40'000));
    rest.push_back(body.substr(40'000 + trickle(*slow.back(), s)));
  }
  for (std::size_t i = 0; i < slow.size(); ++i) {
    slow[i]->send(rest[i]);
    auto const answer = slow[i]->read_reply();
    CHECK(answer.status == 200);
    CHECK((answer.body == body));
  }
}

TEST_CASE("a client that leaves or stops in a body that is waited for is not waited for") {
  site const files;
  files.script("reading", "#!/bin/sh\ntouch started\ncat >/dev/null\n");
  server const s(files, {"--idle-timeout", "300ms"});
  {
    client leaving(s.port());
    leaving.send(head_of("/cgi-bin/reading", 1'000'000) + "abc");
    leaving.close();
    CHECK(s.logged("\" 499 "));
  }
  client c(s.port());
  c.send(head_of("/cgi-bin/reading", 1'000'000) + "abc");
  CHECK(c.read_reply().status == 408);
  CHECK(c.ends_here());
  CHECK_FALSE(std::filesystem::exists(files.cgi_bin() / "started"));
}

TEST_SUITE_END();
