// What `--trace` prints while the server serves.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "client.hpp"
#include "patience.hpp"
#include "plays.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;

namespace {

// Where each of the parts stands in the text, searched one behind the other; names the first that
// is not there.
std::string missing_in_order(std::string const& text, std::vector<std::string> const& parts) {
  std::size_t at = 0;
  for (auto const& part : parts) {
    at = text.find(part, at);
    if (at == std::string::npos) return part;
    at += part.size();
  }
  return {};
}

}  // namespace

TEST_SUITE_BEGIN("trace");

TEST_CASE("the steps of an exchange are printed in their order") {
  site const files;
  auto const script = files.script(
      "show",
      "#!/bin/sh\nbody=$(cat)\necho 'oh dear' >&2\n"
      "printf 'Content-Type: text/plain\\nStatus: 201 Made\\n\\nin: <%s>\\n' \"$body\"\nexit 3\n");
  server const s(files, {"--trace"});
  struct row {
    std::string_view label;
    std::string method;
    std::string target;
    std::string body;
    std::vector<std::string> parts;
  };
  row const rows[] = {
      {"a GET with path info and query",
       "GET",
       "/cgi-bin/show/a%20b/c?x=1&y=2",
       "",
       {"client     127.0.0.1:",
        "request    GET /cgi-bin/show/a%20b/c?x=1&y=2 HTTP/1.1\n",
        "Host: ",
        "map        /cgi-bin/ is mapped to the programs of " + files.cgi_bin().string(),
        "script     " + script.string(),
        "SCRIPT_NAME  /cgi-bin/show\n",
        "PATH_INFO    /a b/c\n",
        "variables  ",
        "PATH_INFO ",
        "/a b/c",
        "RFC 3875, 4.1.5\n",
        "QUERY_STRING ",
        "x=1&y=2",
        "request-target query, RFC 3875, 4.1.7\n",
        "program    ",
        "argv[0]  " + script.string(),
        "cwd      " + files.cgi_bin().string(),
        "process    pid ",
        "stdout     ",
        "Content-Type: text/plain\n",
        "in: <>\n",
        "headers    Content-Type: text/plain  ",
        "Status: 201 Made ",
        "response   HTTP/1.1 201 Made\n",
        "content    7 bytes sent\n",
        "end        201, complete, after "}},
      {"a POST",
       "POST",
       "/cgi-bin/show",
       "name=Ada",
       {"request    POST /cgi-bin/show HTTP/1.1\n", "Content-Length: 8\n", "map        /cgi-bin/",
        "script     ", "PATH_INFO    none", "variables  ", "CONTENT_LENGTH ",
        "request body, RFC 3875, 4.1.2\n", "program    ", "stdin      8 bytes\n", "name=Ada\n",
        "stdout     ", "in: <name=Ada>\n", "headers    ", "response   HTTP/1.1 201 Made\n",
        "content    15 bytes sent\n", "end        201, complete, after "}},
      {"a file that is not there",
       "GET",
       "/none",
       "",
       {"request    GET /none HTTP/1.1\n", "map        / is mapped to the files of ",
        "error      404 Not Found  file-not-found\n", "response   HTTP/1.1 404 Not Found\n",
        "end        404, complete"}},
  };
  int number = 0;
  for (row const& r : rows) {
    CAPTURE(r.label);
    ++number;
    std::string const mark = "#" + std::to_string(number) + " ";
    ask(s.port(), r.method, r.target, "", r.body);
    REQUIRE(s.logged("\n\n"));
    REQUIRE(eventually([&] {
      auto const log = s.log();
      auto const begin = log.find(mark);
      return begin != std::string::npos && log.find("\n\n", begin) != std::string::npos;
    }));
    auto const log = s.log();
    CHECK_MESSAGE(missing_in_order(log.substr(log.find(mark)), r.parts).empty(),
                  missing_in_order(log.substr(log.find(mark)), r.parts), "\n", log);
    if (number < 3) {
      CHECK(missing_in_order(log.substr(log.find(mark)),
                             {"process    pid ", "exit       it exited with status 3\n",
                              "CPU time     ", "peak memory  "})
                .empty());
      CHECK(log.find("stderr     oh dear\n", log.find(mark)) != std::string::npos);
    }
  }
  CHECK(s.log().find('\x1b') == std::string::npos);
}

TEST_CASE("of a client that leaves it is printed that it left") {
  site const files;
  files.script("stream",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nfirst\\n'\nexec sleep 1000\n");
  server const s(files, {"--trace"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/stream"));
  c.read_until("first");
  c.reset();
  CHECK(s.logged("end        200, the client left, after "));
}

TEST_CASE("nothing is printed of exchanges unless it is asked for") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  ask(s.port(), "GET", "/a.txt");
  REQUIRE(s.logged("GET /a.txt"));
  CHECK(s.log().find("request    ") == std::string::npos);
}

TEST_CASE("what a script writes to stderr is printed once, as a step of its exchange") {
  site const files;
  files.script("says",
               "#!/bin/sh\necho 'said once' >&2\nprintf 'Content-Type: text/plain\\n\\nx'\n");
  for (bool const printed : {true, false}) {
    CAPTURE(printed);
    server const s(files, printed ? arguments{"--trace"} : arguments{});
    ask(s.port(), "GET", "/cgi-bin/says");
    REQUIRE(s.logged("GET /cgi-bin/says"));
    REQUIRE(s.logged("said once"));
    auto const log = s.log();
    CHECK(log.find("said once") == log.rfind("said once"));
    CHECK((log.find("stderr     said once\n") != std::string::npos) == printed);
    CHECK((log.find("script-stderr: ") != std::string::npos) != printed);
  }
}

TEST_CASE("what would drive the terminal is printed as text") {
  site const files;
  files.script("evil",
               "#!/bin/sh\nprintf '\\033[2Jstderr\\n' >&2\n"
               "printf 'Content-Type: text/plain\\nX-Evil: \\303\\251\\n\\n\\033[2Jbody\\n'\n");
  server const s(files, {"--trace"});
  ask(s.port(), "GET", "/cgi-bin/evil/%1B%5B2Jpath", "X-Evil: \x9b[2Jfield\r\n");
  ask(s.port(), "GET", "/%1B%5B2Jfile%0A%239");
  CHECK(s.logged("\\x1b[2Jstderr"));
  CHECK(s.logged("\\x1b[2Jbody"));
  CHECK(s.logged("/\\x1b[2Jpath"));
  CHECK(s.logged("/\\x1b[2Jfile\\x0a#9"));
  CHECK(s.logged("\\x9b[2Jfield"));
  client refused(s.port());
  refused.send("GET / HTTP/1.1\r\nHost: h\r\nX: \x1b[2Jrefused\r\n\r\n");
  CHECK(refused.read_reply().status == 400);
  CHECK(s.logged("X: \\x1b[2Jrefused"));
  CHECK(s.log().find('\x1b') == std::string::npos);
  CHECK(s.log().find("\n#9") == std::string::npos);
}

TEST_SUITE_END();
