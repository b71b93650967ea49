// HTTP/1.1 on a connection: persistence, pipelining, framing, expectations, limits and time
// (RFC 9110, RFC 9112).

#include <doctest/doctest.h>

#include <string>

#include "client.hpp"
#include "patience.hpp"
#include "plays.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;

namespace {

std::string big(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + i * 7 % 26);
  return out;
}

// The fields of a head without those that differ between two answers or follow from the framing.
std::string stable_fields(reply const& response, bool with_length) {
  std::string out;
  for (auto const& [name, value] : response.fields) {
    if (name == "Date" || name == "Transfer-Encoding") continue;
    if (!with_length && name == "Content-Length") continue;
    out += name + ": " + value + "\n";
  }
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("http");

TEST_CASE("a connection carries one request after the other") {
  site const files;
  files.write("a.txt", "first");
  files.write("b.txt", "second");
  files.play("echo", "echo");
  server const s(files);
  client c(s.port());
  for (int round = 0; round < 3; ++round) {
    c.send(request("GET", "/a.txt"));
    CHECK(c.read_reply().body == "first");
    c.send(request("POST", "/cgi-bin/echo", "", "through a script"));
    CHECK(c.read_reply().body == "through a script");
    c.send(request("GET", "/none"));
    CHECK(c.read_reply().status == 404);
    c.send(request("GET", "/b.txt"));
    CHECK(c.read_reply().body == "second");
  }
}

TEST_CASE("Connection: close ends the connection after the answer") {
  site const files;
  files.write("a.txt", "first");
  files.play("env", "env");
  server const s(files);
  for (std::string const target : {"/a.txt", "/none", "/cgi-bin/env"}) {
    CAPTURE(target);
    client c(s.port());
    c.send(request("GET", target, "Connection: close\r\n"));
    auto const answer = c.read_reply();
    CHECK(answer.field("Connection") == "close");
    CHECK(c.ends_here());
  }
}

TEST_CASE("a client that half-closes after its request is answered") {
  site const files;
  files.write("a.txt", "first");
  files.play("echo", "echo");
  server const s(files);
  client c(s.port());
  SUBCASE("with a file") {
    c.send(request("GET", "/a.txt"));
    c.half_close();
    CHECK(c.read_reply().body == "first");
  }
  SUBCASE("with what a script says") {
    c.send(request("POST", "/cgi-bin/echo", "", "12345"));
    c.half_close();
    CHECK(c.read_reply().body == "12345");
  }
  CHECK(c.ends_here());
}

TEST_CASE("HTTP/1.0 closes unless it asks to keep the connection") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  SUBCASE("it does not ask") {
    client c(s.port());
    c.send("GET /a.txt HTTP/1.0\r\n\r\n");
    auto const answer = c.read_reply();
    CHECK(answer.status == 200);
    CHECK(answer.body == "first");
    CHECK(c.ends_here());
  }
  SUBCASE("it asks") {
    client c(s.port());
    for (int round = 0; round < 2; ++round) {
      c.send("GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      auto const answer = c.read_reply();
      CHECK(answer.framing == framing::content_length);
      CHECK(answer.field("Connection") == "keep-alive");
      CHECK(answer.body == "first");
    }
  }
}

TEST_CASE("HTTP/1.0 is never answered in chunks") {
  site const files;
  files.script("count", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n1 2 3'\n");
  server const s(files);
  client c(s.port());
  c.send("GET /cgi-bin/count HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto const answer = c.read_reply();
  CHECK(answer.framing == framing::close);
  CHECK(answer.body == "1 2 3");
}

TEST_CASE("requests that are sent ahead are answered in order") {
  site const files;
  files.write("a.txt", "first");
  files.write("b.txt", "second");
  files.play("echo", "echo");
  server const s(files);
  std::string const ahead = request("GET", "/a.txt") +
                            request("POST", "/cgi-bin/echo", "", "body") +
                            request("HEAD", "/b.txt") + request("GET", "/none") +
                            request("POST", "/cgi-bin/echo", "Transfer-Encoding: chunked\r\n") +
                            chunked("in chunks", 3) + request("GET", "/b.txt");
  client c(s.port());
  SUBCASE("in one packet") {
    c.send(ahead);
  }
  SUBCASE("byte by byte") {
    for (std::size_t i = 0; i < ahead.size(); ++i) c.send(ahead.substr(i, 1));
  }
  CHECK(c.read_reply().body == "first");
  CHECK(c.read_reply().body == "body");
  auto const head = c.read_reply("HEAD");
  CHECK(head.field("Content-Length") == "6");
  CHECK(c.read_reply().status == 404);
  CHECK(c.read_reply().body == "in chunks");
  CHECK(c.read_reply().body == "second");
}

TEST_CASE("many requests sent ahead are all answered") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  std::string ahead;
  for (int i = 0; i < 500; ++i) ahead += request("GET", "/a.txt");
  client c(s.port());
  c.send(ahead);
  int answered = 0;
  while (answered < 500 && c.read_reply().body == "first") ++answered;
  CHECK(answered == 500);
}

TEST_CASE("a request after an answer that closes is not answered") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  client c(s.port());
  c.send(request("GET", "/a.txt", "Connection: close\r\n") + request("GET", "/a.txt"));
  CHECK(c.read_reply().body == "first");
  CHECK(c.ends_here());
}

TEST_CASE("empty lines before a request line are passed over") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  client c(s.port());
  c.send("\r\n" + request("GET", "/a.txt"));
  CHECK(c.read_reply().body == "first");
  c.send("\r\n" + request("GET", "/a.txt"));
  CHECK(c.read_reply().body == "first");
  c.send("\r\n\r\n\r\n\r\n" + request("GET", "/a.txt"));
  CHECK(c.read_reply().body == "first");
  // But not without end.
  c.send("\r\n\r\n\r\n\r\n\r\n" + request("GET", "/a.txt"));
  CHECK(c.read_reply().status == 400);
  CHECK(c.ends_here());
}

TEST_CASE("a client that is still sending when it is refused gets to read why") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  client c(s.port());
  std::string const body(4 * 1024 * 1024, 'x');
  c.send("POST /a.txt HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n");
  CHECK(c.read_reply().status == 405);
  CHECK(c.send(body));
  c.half_close();
  CHECK(c.ends_here());
  CHECK_FALSE(c.was_reset());
}

TEST_CASE("the authority of an absolute target wins over Host") {
  site const files;
  files.play("env", "env");
  server const s(files);
  client c(s.port());
  c.send("GET http://Example.ORG:81/cgi-bin/env/x?q HTTP/1.1\r\nHost: other\r\n\r\n");
  auto const variables = entries(c.read_reply().body, '\0');
  CHECK(variables.at("SERVER_NAME") == "example.org");
  CHECK(variables.at("SERVER_PORT") == std::to_string(s.port()));
  CHECK(variables.at("PATH_INFO") == "/x");
  CHECK(variables.at("QUERY_STRING") == "q");
}

TEST_CASE("OPTIONS * asks about the server as a whole") {
  site const files;
  server const s(files);
  auto const answer = ask(s.port(), "OPTIONS", "*");
  CHECK((answer.status == 200 || answer.status == 204));
  CHECK(answer.has("Allow"));
  CHECK(answer.body.empty());
}

TEST_CASE("HEAD has the head of GET and no body") {
  site const files;
  files.write("a.txt", "first");
  files.write("sub/x.txt", "x");
  files.script("known",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 5\\n\\n12345'\n");
  files.script("open", "#!/bin/sh\nprintf 'Content-Type: text/plain\\nX-A: b\\n\\n12345'\n");
  files.script("broken", "#!/bin/sh\necho nothing\n");
  files.script("away", "#!/bin/sh\nprintf 'Location: http://example.org/\\n\\n'\n");
  server const s(files);
  for (std::string const target :
       {"/a.txt", "/sub/", "/sub", "/none", "/cgi-bin/known", "/cgi-bin/open", "/cgi-bin/broken",
        "/cgi-bin/away", "/cgi-bin/none"}) {
    CAPTURE(target);
    bool const with_length = target != "/cgi-bin/open";
    client c(s.port());
    c.send(request("GET", target) + request("HEAD", target) + request("GET", "/a.txt"));
    auto const whole = c.read_reply("GET");
    auto const head = c.read_reply("HEAD");
    CHECK(head.status == whole.status);
    CHECK(stable_fields(head, with_length) == stable_fields(whole, with_length));
    CHECK(c.read_reply().body == "first");
  }
}

TEST_CASE("a request body reaches the script whole") {
  site const files;
  files.play("echo", "echo");
  server const s(files);
  for (std::size_t const size : {std::size_t{1}, std::size_t{4096}, std::size_t{16 * 1024 + 1},
                                 std::size_t{70'000}, std::size_t{3'000'000}}) {
    CAPTURE(size);
    auto const body = big(size);
    client c(s.port());
    c.send(request("POST", "/cgi-bin/echo", "", body));
    CHECK((c.read_reply().body == body));
    c.send(request("POST", "/cgi-bin/echo", "Transfer-Encoding: chunked\r\n") +
           chunked(body, size / 3 + 1));
    CHECK((c.read_reply().body == body));
  }
}

TEST_CASE("chunk extensions and trailers are read and dropped") {
  site const files;
  files.play("echo", "echo");
  files.play("env", "env");
  server const s(files);
  std::string const body =
      "3;name=value\r\nabc\r\n02 ; q=\"x;y\"\r\nde\r\n0\r\nX-Trailer: late\r\n\r\n";
  client c(s.port());
  c.send(request("POST", "/cgi-bin/echo", "Transfer-Encoding: chunked\r\n") + body);
  CHECK(c.read_reply().body == "abcde");
  c.send(request("POST", "/cgi-bin/env", "Transfer-Encoding: chunked\r\n") + body);
  auto const variables = entries(c.read_reply().body, '\0');
  CHECK(variables.at("CONTENT_LENGTH") == "5");
  CHECK(variables.count("HTTP_X_TRAILER") == 0);
}

TEST_CASE("100 is sent when the body is wanted") {
  site const files;
  files.play("echo", "echo");
  server const s(files);
  client c(s.port());
  SUBCASE("a body of known length") {
    c.send(
        "POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
        "5\r\n\r\n");
    CHECK(c.read_reply().status == 100);
    c.send("12345");
    CHECK(c.read_reply().body == "12345");
  }
  SUBCASE("a chunked body") {
    c.send(
        "POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    CHECK(c.read_reply().status == 100);
    c.send(chunked("12345"));
    CHECK(c.read_reply().body == "12345");
  }
  SUBCASE("in another case") {
    c.send(
        "POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: "
        "5\r\n\r\n");
    CHECK(c.read_reply().status == 100);
    c.send("12345");
    CHECK(c.read_reply().body == "12345");
  }
}

TEST_CASE("100 is not sent to who does not wait for it") {
  site const files;
  files.play("echo", "echo");
  files.write("a.txt", "first");
  server const s(files, {"--body-limit", "1k"});
  struct row {
    std::string_view label;
    std::string text;
    unsigned status;
  };
  row const rows[] = {
      {"no such script",
       "POST /cgi-bin/none HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
       "5\r\n\r\n",
       404},
      {"too large",
       "POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
       "5000\r\n\r\n",
       413},
      {"a file",
       "POST /a.txt HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", 405},
      {"no body", "GET /a.txt HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", 200},
      {"HTTP/1.0",
       "POST /cgi-bin/echo HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
       "12345",
       200},
      {"the body came along",
       "POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
       "12345",
       200},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send(r.text);
    CHECK(c.read_reply().status == r.status);
  }
}

TEST_CASE("100 is not sent to HTTP/1.0, which knows no interim answers") {
  site const files;
  files.play("echo", "echo");
  server const s(files, {"--threads", "1"});
  client c(s.port());
  c.send(
      "POST /cgi-bin/echo HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\n"
      "Content-Length: 5\r\n\r\n");
  // The thread has come to wait for the body when it has answered this, and would have asked.
  CHECK(ask(s.port(), "POST", "/cgi-bin/echo", "", "another").body == "another");
  c.send("12345");
  auto const answer = c.read_reply();
  CHECK(answer.status == 200);
  CHECK(answer.body == "12345");
}

TEST_CASE("a body that waits for a 100 is asked for before its script takes a place") {
  site const files;
  // Closes its input and answers without having read.
  files.script("early", "#!/bin/sh\nprintf 'Status: 403 No\\nContent-Type: text/plain\\n\\nno'\n");
  server const s(files);
  client c(s.port());
  c.send(
      "POST /cgi-bin/early HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
      "5\r\n\r\n");
  CHECK(c.read_reply().status == 100);
  c.send("12345");
  auto const answer = c.read_reply();
  CHECK(answer.status == 403);
  CHECK(answer.body == "no");
}

TEST_CASE("another expectation is refused") {
  site const files;
  files.play("echo", "echo");
  server const s(files);
  for (std::string const expectation : {"200-ok", "100-continue, 200-ok", "x=y"}) {
    CAPTURE(expectation);
    client c(s.port());
    c.send(request("POST", "/cgi-bin/echo", "Expect: " + expectation + "\r\n", "12345"));
    CHECK(c.read_reply().status == 417);
  }
}

TEST_CASE("a small body that nobody reads is passed over") {
  site const files;
  files.write("a.txt", "first");
  files.script("deaf", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\ndeaf'\n");
  server const s(files);
  client c(s.port());
  for (std::string const target : {"/a.txt", "/none", "/cgi-bin/none", "/cgi-bin/deaf"}) {
    CAPTURE(target);
    c.send(request("POST", target, "", big(20'000)));
    auto const refused = c.read_reply();
    CHECK(refused.whole);
    c.send(request("POST", target, "Transfer-Encoding: chunked\r\n") + chunked(big(20'000)));
    CHECK(c.read_reply().status == refused.status);
    c.send(request("GET", "/a.txt"));
    CHECK(c.read_reply().body == "first");
  }
}

TEST_CASE("a small body that comes after its answer is passed over") {
  site const files;
  files.write("a.txt", "first");
  files.script("deaf", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\ndeaf'\n");
  server const s(files);
  auto const message = request("POST", "/cgi-bin/deaf", "", big(100'000));
  // Enough for the script to be started, and more than its pipe takes.
  std::size_t const size_before = 90'000;
  client c(s.port());
  c.send(message.substr(0, size_before));
  CHECK(c.read_reply().body == "deaf");
  c.send(message.substr(size_before) + request("GET", "/a.txt"));
  CHECK(c.read_reply().body == "first");
}

TEST_CASE("a large body that nobody reads ends the connection after the whole answer") {
  site const files;
  files.write("a.txt", "first");
  files.script("deaf", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nseq 20000\n");
  server const s(files, {"--body-limit", "64M"});
  auto const body = big(6'000'000);
  struct row {
    std::string target;
    unsigned status;
  };
  for (row const& r : {row{"/a.txt", 405}, row{"/cgi-bin/none", 404}, row{"/cgi-bin/deaf", 200}}) {
    CAPTURE(r.target);
    client c(s.port());
    c.send(request("POST", r.target, "", body));
    auto const answer = c.read_reply();
    CHECK(answer.status == r.status);
    CHECK(answer.whole);
    CHECK(answer.body.size() > 0);
    // What a script may still read is not known when its answer begins.
    CHECK((answer.field("Connection") == "close") == (r.status != 200));
    CHECK(c.ends_here());
  }
}

TEST_CASE("a body over the limit is refused") {
  site const files;
  files.play("echo", "echo");
  server const s(files, {"--body-limit", "1k"});
  SUBCASE("by its Content-Length, before it is sent") {
    client c(s.port());
    c.send("POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1025\r\n\r\n");
    auto const answer = c.read_reply();
    CHECK(answer.status == 413);
    CHECK(c.ends_here());
  }
  SUBCASE("in chunks, when it gets too long") {
    client c(s.port());
    c.send(request("POST", "/cgi-bin/echo", "Transfer-Encoding: chunked\r\n"));
    c.send("400\r\n" + std::string(0x400, 'x') + "\r\n");
    c.send("1\r\nx\r\n");
    CHECK(c.read_reply().status == 413);
    CHECK(c.ends_here());
  }
  SUBCASE("not at the limit") {
    client c(s.port());
    c.send(request("POST", "/cgi-bin/echo", "", std::string(1024, 'x')));
    CHECK(c.read_reply().body.size() == 1024);
    c.send(request("POST", "/cgi-bin/echo", "Transfer-Encoding: chunked\r\n") +
           chunked(std::string(1024, 'x'), 100));
    CHECK(c.read_reply().body.size() == 1024);
  }
}

TEST_CASE("a head over its limits is refused") {
  site const files;
  files.write("a.txt", "first");
  server const s(files, {"--header-limit", "32k"});
  auto const fields = [](int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += "X-" + std::to_string(i) + ": y\r\n";
    return out;
  };
  struct row {
    std::string_view label;
    std::string text;
    unsigned status;
  };
  row const rows[] = {
      {"a long field within the limit", request("GET", "/a.txt", "X: " + big(30'000) + "\r\n"),
       200},
      {"a field too long", request("GET", "/a.txt", "X: " + big(40'000) + "\r\n"), 431},
      {"a head without end", "GET / HTTP/1.1\r\nHost: h\r\nX: " + big(40'000), 431},
      {"a field name without end", "GET / HTTP/1.1\r\nHost: h\r\n" + big(40'000), 431},
      {"100 fields", request("GET", "/a.txt", fields(99)), 200},
      {"101 fields", request("GET", "/a.txt", fields(100)), 431},
      {"a target within the limit", request("GET", "/a.txt?" + big(8 * 1024 - 7)), 200},
      {"a target too long", request("GET", "/a.txt?" + big(8 * 1024 - 6)), 414},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send(r.text);
    auto const answer = c.read_reply();
    CHECK(answer.status == r.status);
    if (answer.status != 200) CHECK(c.ends_here());
  }
}

TEST_CASE("a client that is too slow is let go") {
  site const files;
  files.write("a.txt", "first");
  files.play("echo", "echo");
  server const s(files, {"--header-timeout", "300ms", "--idle-timeout", "300ms"});
  SUBCASE("without an answer if it has sent nothing") {
    client c(s.port());
    CHECK(c.ends_here());
    CHECK_FALSE(c.was_reset());
  }
  SUBCASE("with 408 if it has sent a part of a head") {
    client c(s.port());
    c.send("GET /a.txt HTTP/1.1\r\nHos");
    auto const answer = c.read_reply();
    CHECK(answer.status == 408);
    CHECK(answer.field("Connection") == "close");
    CHECK(c.ends_here());
  }
  SUBCASE("with 408 if it sends its head byte by byte and never ends it") {
    client c(s.port());
    c.send("GET /a.txt HTTP/1.1\r\nX: ");
    CHECK(eventually([&] { return !c.send("y") || c.has_input(); }));
    CHECK(c.read_reply().status == 408);
  }
  SUBCASE("without an answer if it is idle after one") {
    client c(s.port());
    c.send(request("GET", "/a.txt"));
    CHECK(c.read_reply().body == "first");
    CHECK(c.ends_here());
    CHECK_FALSE(c.was_reset());
  }
  SUBCASE("with 408 if it has sent a part of the next head") {
    client c(s.port());
    c.send(request("GET", "/a.txt") + "GET");
    CHECK(c.read_reply().body == "first");
    CHECK(c.read_reply().status == 408);
    CHECK(c.ends_here());
  }
}

TEST_CASE("a head has one time in all, however steadily it comes") {
  site const files;
  // No rate that it could be too slow for.
  server const s(files, {"--header-timeout", "300ms", "--min-rate", "0"});
  client c(s.port());
  c.send("GET /a.txt HTTP/1.1\r\nX: ");
  CHECK(eventually([&] { return !c.send("y") || c.has_input(); }));
  CHECK(c.read_reply().status == 408);
  CHECK(s.logged("head-timeout: 408"));
}

TEST_CASE("a body that ends early is not given to a script as whole") {
  site const files;
  files.script(
      "mark", "#!/bin/sh\ncat >/dev/null\ntouch ran\nprintf 'Content-Type: text/plain\\n\\nran'\n");
  server const s(files);
  client c(s.port());
  SUBCASE("in chunks") {
    c.send(request("POST", "/cgi-bin/mark", "Transfer-Encoding: chunked\r\n") + "5\r\nabc");
    c.half_close();
    auto const rest = c.read_to_end();
    CHECK((rest.empty() || rest.starts_with("HTTP/1.1 400 ")));
    CHECK_FALSE(std::filesystem::exists(files.cgi_bin() / "ran"));
  }
}

TEST_CASE("a chunked body that is broken is refused") {
  site const files;
  files.play("echo", "echo");
  files.write("a.txt", "first");
  server const s(files);
  struct row {
    std::string_view label;
    std::string body;
    unsigned status = 400;
  };
  row const rows[] = {
      {"no size", "\r\nabc\r\n0\r\n\r\n"},
      {"a size that is no number", "xyz\r\nabc\r\n0\r\n\r\n"},
      {"a negative size", "-3\r\nabc\r\n0\r\n\r\n"},
      {"a signed size", "+3\r\nabc\r\n0\r\n\r\n"},
      {"a size with 0x", "0x3\r\nabc\r\n0\r\n\r\n"},
      {"a size over 64 bits", "10000000000000003\r\nabc\r\n0\r\n\r\n"},
      {"a space before the size", " 3\r\nabc\r\n0\r\n\r\n"},
      {"more than the size", "3\r\nabcd\r\n0\r\n\r\n"},
      {"no line end after a chunk", "3\r\nabc0\r\n\r\n"},
      {"a bare CR after the size", "3\rabc\r\n0\r\n\r\n"},
      {"a bare LF after the size", "3\nabc\r\n0\r\n\r\n"},
      {"a bare LF after a chunk", "3\r\nabc\n0\r\n\r\n"},
      {"a bare LF in an extension", "3;a\nb\r\nabc\r\n0\r\n\r\n"},
      {"a trailer that is no field", "3\r\nabc\r\n0\r\nno field\r\n\r\n"},
      {"framing without end", "3;" + big(20'000) + "\r\nabc\r\n0\r\n\r\n", 413},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    for (std::string const target : {"/cgi-bin/echo", "/a.txt"}) {
      CAPTURE(target);
      client c(s.port());
      c.send(request("POST", target, "Transfer-Encoding: chunked\r\n") + r.body);
      auto const answer = c.read_reply();
      unsigned const status = answer.status;
      // A file refuses the method first and then closes, since the next request cannot be found.
      if (target == "/a.txt") {
        CHECK(status == 405);
      } else {
        CHECK(status == r.status);
      }
      CHECK(c.ends_here());
    }
  }
}

TEST_CASE("a pipelined request is not taken for a body, nor a body for a request") {
  site const files;
  files.play("echo", "echo");
  files.write("a.txt", "first");
  server const s(files);
  client c(s.port());
  std::string const hidden = request("GET", "/a.txt");
  c.send(request("POST", "/cgi-bin/echo", "", hidden) + request("GET", "/a.txt"));
  CHECK(c.read_reply().body == hidden);
  CHECK(c.read_reply().body == "first");
  c.send(request("POST", "/a.txt", "", hidden) + request("GET", "/none"));
  CHECK(c.read_reply().status == 405);
  CHECK(c.read_reply().status == 404);
}

TEST_SUITE_END();
