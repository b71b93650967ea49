// How what a script prints becomes the response (RFC 3875, 6).

#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
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
std::string const wait_for_go = "while [ ! -e go ]; do sleep 0.01; done\n";

// The answer to a script that prints these bytes.
reply printed(site const& files, server const& s, std::string const& output,
              std::string_view method = "GET") {
  static int count = 0;
  auto const name = "output-" + std::to_string(++count);
  files.printing(name, output);
  return ask(s.port(), method, "/cgi-bin/" + name);
}

std::vector<std::string> all(reply const& response, std::string_view name) {
  std::vector<std::string> out;
  for (auto const& field : response.fields) {
    if (field.first == name) out.push_back(field.second);
  }
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("cgi_output");

TEST_CASE("header lines end in LF or CRLF and their names have any case") {
  site const files;
  server const s(files);
  struct row {
    std::string_view label;
    std::string output;
  };
  row const rows[] = {
      {"LF", "Status: 201 Made Here\nContent-Type: text/plain\nX-A: b: c\n\nbody"},
      {"CRLF", "Status: 201 Made Here\r\nContent-Type: text/plain\r\nX-A: b: c\r\n\r\nbody"},
      {"both", "Status: 201 Made Here\r\nContent-Type: text/plain\nX-A: b: c\n\r\nbody"},
      {"lower case", "status: 201 Made Here\ncontent-type: text/plain\nx-a: b: c\n\nbody"},
      {"upper case", "STATUS: 201 Made Here\nCONTENT-TYPE: text/plain\nX-A: b: c\n\nbody"},
      {"no space", "Status:201 Made Here\nContent-Type:text/plain\nX-A:b: c\n\nbody"},
      {"more space", "Status:  201 Made Here \nContent-Type: \t text/plain\nX-A: b: c \n\nbody"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const answer = printed(files, s, r.output);
    CHECK(answer.status == 201);
    CHECK(answer.phrase == "Made Here");
    CHECK(answer.field("Content-Type") == "text/plain");
    CHECK(answer.field("X-A") == "b: c");
    CHECK(answer.body == "body");
    CHECK_FALSE(answer.has("Status"));
  }
}

TEST_CASE("a document is answered with what the script says of it") {
  site const files;
  server const s(files);
  struct row {
    std::string_view label;
    std::string output;
    unsigned status;
    std::string body;
  };
  row const rows[] = {
      {"only a type", "Content-Type: text/plain\n\nbody", 200, "body"},
      {"a type and no body", "Content-Type: text/plain\n\n", 200, ""},
      {"a status without its phrase", "Status: 404\nContent-Type: text/plain\n\nbody", 404, "body"},
      {"a status of its own", "Status: 299 Odd\nContent-Type: text/plain\n\nbody", 299, "body"},
      {"only a status", "Status: 200 OK\n\n", 200, ""},
      {"204", "Status: 204 No Content\n\n", 204, ""},
      {"304", "Status: 304\nETag: \"x\"\n\n", 304, ""},
      {"bytes", "Content-Type: x/y\n\n\n\r\n\0\xFF\n"s, 200, "\n\r\n\0\xFF\n"s},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const answer = printed(files, s, r.output);
    CHECK(answer.status == r.status);
    CHECK(answer.whole);
    CHECK((answer.body == r.body));
  }
}

TEST_CASE("fields of the script's own reach the client, repeated ones too") {
  site const files;
  server const s(files);
  auto const answer = printed(files, s,
                              "Content-Type: text/plain\nSet-Cookie: a=1\nSet-Cookie: b=2\n"
                              "Cache-Control: no-store\nX-Empty:\n\nbody");
  CHECK(all(answer, "Set-Cookie") == std::vector<std::string>{"a=1", "b=2"});
  CHECK(answer.field("Cache-Control") == "no-store");
  CHECK(answer.has("X-Empty"));
}

TEST_CASE("hop-by-hop fields, Date and Server are the server's own") {
  site const files;
  server const s(files);
  auto const answer =
      printed(files, s,
              "Content-Type: text/plain\nConnection: X-Hop, close\nX-Hop: 1\nKeep-Alive: 1\n"
              "Proxy-Connection: x\nUpgrade: y\nTE: z\nTrailer: X-T\nX-End: 1\n\nbody");
  CHECK(answer.status == 200);
  CHECK(answer.field("X-End") == "1");
  for (std::string const name :
       {"X-Hop", "Keep-Alive", "Proxy-Connection", "Upgrade", "TE", "Trailer"}) {
    CAPTURE(name);
    CHECK_FALSE(answer.has(name));
  }
  CHECK(answer.field("Connection").find("X-Hop") == std::string::npos);
  auto const dated = printed(files, s, "Content-Type: text/plain\nDate: now\nServer: mine\n\nbody");
  CHECK(dated.count("Date") == 1);
  CHECK(dated.field("Date") != "now");
  CHECK(dated.count("Server") == 1);
  CHECK(dated.field("Server").starts_with("gatehouse/"));
}

TEST_CASE("of a repeated Status, Location, Content-Type or Content-Length the last one counts") {
  site const files;
  server const s(files);
  auto const answer =
      printed(files, s,
              "Status: 404 Gone\nStatus: 201 Made\nContent-Type: text/html\nContent-Length: 40\n"
              "Content-Type: text/plain\nContent-Length: 4\nX-A: 1\nX-A: 2\n\nbody");
  CHECK(answer.status == 201);
  CHECK(answer.phrase == "Made");
  CHECK(all(answer, "Content-Type") == std::vector<std::string>{"text/plain"});
  CHECK(all(answer, "Content-Length") == std::vector<std::string>{"4"});
  CHECK(all(answer, "X-A") == std::vector<std::string>{"1", "2"});
  CHECK(answer.body == "body");
  auto const redirect = printed(files, s, "Location: http://a/\nLocation: http://b/\n\n");
  CHECK(redirect.status == 302);
  CHECK(all(redirect, "Location") == std::vector<std::string>{"http://b/"});
}

TEST_CASE(
    "an empty Content-Length counts as none, and one empty line before the header is skipped") {
  site const files;
  server const s(files);
  struct row {
    std::string_view label;
    std::string output;
    std::string type;
    std::string body;
  };
  row const rows[] = {
      {"an empty length", "Content-Type: text/plain\nContent-Length:\n\nbody", "text/plain",
       "body"},
      {"a length of words", "Content-Type: text/plain\nContent-Length: None\n\nbody", "text/plain",
       "body"},
      {"a negative length", "Content-Type: text/plain\nContent-Length: -1\n\nbody", "text/plain",
       "body"},
      {"an empty line", "\nContent-Type: text/plain\n\nbody", "text/plain", "body"},
      {"with CR", "\r\nContent-Type: text/plain\r\n\r\nbody", "text/plain", "body"},
      {"and no header", "\nbody\n", "", "body\n"},
      {"and no line end", "\nbody", "", "body"},
      {"and nothing", "\n", "", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const answer = printed(files, s, r.output);
    CHECK(answer.status == 200);
    CHECK(answer.whole);
    CHECK(answer.field("Content-Type") == r.type);
    CHECK(answer.body == r.body);
  }
}

TEST_CASE("a script prints up to 1,000 fields and 64 KiB of header") {
  site const files;
  server const s(files);
  std::string many = "Content-Type: text/plain\n";
  for (int i = 1; i < 1000; ++i) many += "X-" + std::to_string(i) + ": y\n";
  auto const answer = printed(files, s, many + "\nbody");
  CHECK(answer.status == 200);
  CHECK(answer.field("X-999") == "y");
  auto const large =
      printed(files, s, "Content-Type: text/plain\nX: " + std::string(65'000, 'y') + "\n\nbody");
  CHECK(large.status == 200);
  CHECK(large.field("X").size() == 65'000);
}

TEST_CASE("content without a Content-Type goes out without one") {
  site const files;
  server const s(files);
  for (std::string const output : {"X-A: b\n\n<p>body", "Status: 200 OK\n\n<p>body"}) {
    CAPTURE(output);
    auto const answer = printed(files, s, output);
    CHECK(answer.status == 200);
    CHECK_FALSE(answer.has("Content-Type"));
    CHECK(answer.body == "<p>body");
  }
}

TEST_CASE("a Location that is no path alone is a 302 with all that stands beside it") {
  site const files;
  files.write("page.txt", "the page");
  server const s(files);
  struct row {
    std::string_view label;
    std::string location;
    std::string others;
    std::string body;
  };
  row const rows[] = {
      {"an absolute URI", "http://example.org/a?b#c", "", ""},
      {"an absolute URI with its document", "http://example.org/", "Content-Type: text/plain\n",
       "x"},
      {"a relative reference", "env.sh?x=1", "", ""},
      {"a query", "?x=1", "", ""},
      {"a step up", "../page.txt", "", ""},
      {"another host", "//example.org/a", "", ""},
      {"a path with a fragment", "/page.txt#end", "", ""},
      {"a path beside a type", "/page.txt", "Content-type: text/html\n", ""},
      {"a path beside a type and content", "/page.txt", "Content-Type: text/html\n", "<p>there"},
      {"a path beside a cookie", "/page.txt", "Set-Cookie: id=7\n", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const answer =
        printed(files, s, r.others + "Location: " + r.location + "\n" + "\n" + r.body);
    CHECK(answer.status == 302);
    CHECK(answer.field("Location") == r.location);
    CHECK(answer.has("Content-Type") == (r.others.find("ype:") != std::string::npos));
    CHECK(answer.has("Set-Cookie") == (r.others.find("Cookie") != std::string::npos));
    CHECK(answer.body == r.body);
  }
  CHECK(printed(files, s, "Location: /page.txt\n\n").body == "the page");
  CHECK(printed(files, s, "Location: /page.txt\nDate: now\nConnection: close\n\n").body ==
        "the page");
}

TEST_CASE("with a Status everything passes as it was printed") {
  site const files;
  files.write("page.txt", "the page");
  server const s(files);
  for (unsigned const status : {200U, 201U, 301U, 307U, 404U, 999U}) {
    CAPTURE(status);
    auto const answer = printed(files, s,
                                "Status: " + std::to_string(status) +
                                    "\nLocation: /page.txt\nSet-Cookie: id=7\n"
                                    "Content-Type: text/plain\n\nbody");
    CHECK(answer.status == status);
    CHECK(answer.field("Location") == "/page.txt");
    CHECK(answer.field("Set-Cookie") == "id=7");
    CHECK(answer.body == "body");
  }
}

TEST_CASE("the content of a script that prints chunks is decoded") {
  site const files;
  server const s(files);
  std::string const head = "Content-Type: text/plain\nTransfer-Encoding: chunked\n";
  auto const plain = printed(files, s, head + "\n" + chunked("one, two", 3));
  CHECK(plain.status == 200);
  CHECK(plain.framing == framing::chunked);
  CHECK(plain.whole);
  CHECK(plain.body == "one, two");
  auto const both = printed(files, s, head + "Content-Length: 3\n\n" + chunked("one, two", 3));
  CHECK(both.body == "one, two");
  CHECK(printed(files, s, head + "\n0\r\n\r\n").body.empty());
  auto const trailing = printed(files, s, head + "\n" + chunked("one") + "and more");
  CHECK(trailing.whole);
  CHECK(trailing.body == "one");
  auto const large = std::string(300'000, 'x');
  auto const long_one = printed(files, s, head + "\n" + chunked(large, 5000));
  CHECK(long_one.whole);
  CHECK((long_one.body == large));
  files.printing("chunks", head + "\n" + chunked("for an old client", 4));
  client old(s.port());
  old.send("GET /cgi-bin/chunks HTTP/1.0\r\n\r\n");
  auto const answer = old.read_reply();
  CHECK(answer.framing == framing::close);
  CHECK(answer.body == "for an old client");
}

TEST_CASE("chunks that break off are an output that ends early") {
  site const files;
  server const s(files);
  std::string const head = "Content-Type: text/plain\nTransfer-Encoding: chunked\n\n";
  for (std::string const output : {"4\r\nbody\r\n", "4\r\nbody\r\nnonsense\r\n", "8\r\nbody"}) {
    CAPTURE(output);
    auto const answer = printed(files, s, head + output);
    CHECK(answer.status == 200);
    CHECK(answer.body == "body");
    CHECK_FALSE(answer.whole);
  }
  CHECK(s.logged("answered, then failed: it ended within its chunks"));
  CHECK(s.logged("answered, then failed: it printed chunks that are none"));
}

TEST_CASE("what deviates from RFC 3875 is told to the script's author") {
  site const files;
  server const s(files);
  struct row {
    std::string output;
    std::string_view reason;
  };
  row const rows[] = {
      {"Content-Type: a/b\nContent-Type: text/plain\n\nbody", "script-repeated-header"},
      {"Content-Type: text/plain\nContent-Length:\n\nbody", "script-bad-content-length"},
      {"\nContent-Type: text/plain\n\nbody", "script-early-blank-line"},
      {"X-A: b\n\nbody", "script-no-content-type"},
      {"Location: a\n\n", "script-location"},
      {"Content-Type: text/plain\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
       "script-transfer-encoding"},
      {"Content-Type: text/plain\nConnection: close\n\nbody", "script-connection-header"},
      {"Status: 799\nContent-Type: text/plain\n\nbody", "script-odd-status"},
  };
  int count = 0;
  for (row const& r : rows) {
    CAPTURE(r.reason);
    auto const name = "strays-" + std::to_string(++count);
    files.printing(name, r.output);
    CHECK(ask(s.port(), "GET", "/cgi-bin/" + name).status < 800);
    REQUIRE(s.logged("/cgi-bin/" + name + "["));
    auto const log = s.log();
    auto const at = log.find("/cgi-bin/" + name + "[");
    auto const line = log.substr(log.rfind('\n', at) + 1, log.find('\n', at) - log.rfind('\n', at));
    CHECK(line.find(r.reason) != std::string::npos);
    CHECK(line.find("info") != std::string::npos);
  }
}

TEST_CASE("output that is malformed is 502") {
  site const files;
  server const s(files);
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "X-" + std::to_string(i) + ": y\n";
  struct row {
    std::string_view label;
    std::string output;
  };
  row const rows[] = {
      {"nothing", ""},
      {"text and no header", "hello, world\n"},
      {"markup and no header", "<html>\n<p>: \n</html>\n"},
      {"a header without end", "Content-Type: text/plain\n"},
      {"a header line without end", "Content-Type: text/plain"},
      {"a line without colon", "Content-Type: text/plain\nnonsense\n\nbody"},
      {"an empty name", "Content-Type: text/plain\n: y\n\nbody"},
      {"a space in the name", "Content-Type: text/plain\nX Y: z\n\nbody"},
      {"a space before the colon", "Content-Type : text/plain\n\nbody"},
      {"a folded line", "Content-Type: text/plain\nX: y\n z\n\nbody"},
      {"a bad field name", "Content-Type: text/plain\nX(Y): z\n\nbody"},
      {"a bare CR", "Content-Type: text/plain\nX: a\rb\n\nbody"},
      {"NUL in a value", "Content-Type: text/plain\nX: a\0b\n\nbody"s},
      {"NUL in a name", "Content-Type: text/plain\nX\0: b\n\nbody"s},
      {"a control character",
       "Content-Type: text/plain\nX: a\x01"
       "b\n\nbody"},
      {"a status line", "HTTP/1.1 200 OK\nContent-Type: text/plain\n\nbody"},
      {"a status that is no number", "Status: fine\nContent-Type: text/plain\n\nbody"},
      {"a status of two digits", "Status: 20\nContent-Type: text/plain\n\nbody"},
      {"a status of four digits", "Status: 2000\nContent-Type: text/plain\n\nbody"},
      {"a status below 200", "Status: 101 Switching\nContent-Type: text/plain\n\nbody"},
      {"an empty status", "Status:\nContent-Type: text/plain\n\nbody"},
      {"another coding", "Content-Type: text/plain\nTransfer-Encoding: gzip\n\nbody"},
      {"two codings", "Content-Type: text/plain\nTransfer-Encoding: gzip, chunked\n\n0\r\n\r\n"},
      {"chunks that are none", "Content-Type: text/plain\nTransfer-Encoding: chunked\n\nbody"},
      {"a header over the limit",
       "Content-Type: text/plain\nX: " + std::string(70'000, 'y') + "\n\nbody"},
      {"too many fields", "Content-Type: text/plain\n" + many + "\nbody"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const answer = printed(files, s, r.output);
    CHECK(answer.status == 502);
    CHECK(answer.whole);
  }
}

TEST_CASE("a connection goes on after malformed output") {
  site const files;
  files.printing("bad", "nonsense\n");
  files.write("a.txt", "first");
  server const s(files);
  client c(s.port());
  c.send(request("POST", "/cgi-bin/bad", "", "12345") + request("GET", "/a.txt"));
  CHECK(c.read_reply().status == 502);
  CHECK(c.read_reply().body == "first");
}

TEST_CASE("a client redirect is 302, or what the script says") {
  site const files;
  server const s(files);
  auto const plain = printed(files, s, "Location: http://example.org/a?b#c\n\n");
  CHECK(plain.status == 302);
  CHECK(plain.field("Location") == "http://example.org/a?b#c");
  auto const document = printed(
      files, s,
      "Status: 301 Moved\nLocation: https://example.org/\nContent-Type: text/plain\n\nthere");
  CHECK(document.status == 301);
  CHECK(document.field("Location") == "https://example.org/");
  CHECK(document.field("Content-Type") == "text/plain");
  CHECK(document.body == "there");
}

TEST_CASE("a status makes a client redirect of a path") {
  site const files;
  server const s(files);
  auto const answer = printed(files, s, "Status: 303 See Other\nLocation: /next\n\n");
  CHECK(answer.status == 303);
  CHECK(answer.field("Location") == "/next");
}

TEST_CASE("a local redirect is answered as a GET of that path") {
  site const files;
  files.write("page.txt", "the page");
  files.play("env", "env");
  files.printing("to-page", "Location: /page.txt\n\n");
  files.printing("to-env", "Location: /cgi-bin/env/a%20b?c=%20d\n\n");
  files.printing("to-none", "Location: /none\n\n");
  server const s(files);
  SUBCASE("to a file") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/to-page") + request("POST", "/cgi-bin/to-page", "", "body") +
           request("HEAD", "/cgi-bin/to-page") + request("GET", "/cgi-bin/to-none"));
    CHECK(c.read_reply().body == "the page");
    CHECK(c.read_reply().body == "the page");
    auto const head = c.read_reply("HEAD");
    CHECK(head.status == 200);
    CHECK(head.field("Content-Length") == "8");
    CHECK(c.read_reply().status == 404);
  }
  SUBCASE("to a script, which is told") {
    auto const answer =
        ask(s.port(), "POST", "/cgi-bin/to-env/x?y", "Content-Type: text/plain\r\n", "body");
    auto const v = entries(answer.body, '\0');
    CHECK(v.at("REQUEST_METHOD") == "GET");
    CHECK(v.at("SCRIPT_NAME") == "/cgi-bin/env");
    CHECK(v.at("PATH_INFO") == "/a b");
    CHECK(v.at("QUERY_STRING") == "c=%20d");
    CHECK(v.at("REDIRECT_URL") == "/cgi-bin/to-env/x");
    CHECK(v.count("CONTENT_LENGTH") == 0);
    CHECK(v.count("CONTENT_TYPE") == 0);
  }
}

TEST_CASE("local redirects are followed five deep and no further") {
  site const files;
  files.write("page.txt", "the page");
  files.printing("r1", "Location: /page.txt\n\n");
  for (int i = 2; i <= 6; ++i) {
    files.printing("r" + std::to_string(i),
                   "Location: /cgi-bin/r" + std::to_string(i - 1) + "\n\n");
  }
  files.printing("loop", "Location: /cgi-bin/loop\n\n");
  server const s(files);
  CHECK(ask(s.port(), "GET", "/cgi-bin/r5").body == "the page");
  CHECK(ask(s.port(), "GET", "/cgi-bin/r6").status == 502);
  CHECK(ask(s.port(), "GET", "/cgi-bin/loop").status == 502);
}

TEST_CASE("a local redirect does not leave the root") {
  site const files;
  files.write(files.base() / "outside.txt", "secret");
  server const s(files);
  for (std::string const target : {"/../outside.txt", "/%2e%2e/outside.txt", "/a%00", "/%zz"}) {
    CAPTURE(target);
    auto const answer = printed(files, s, "Location: "s + target + "\n\n");
    CHECK(answer.status >= 400);
    CHECK(answer.body.find("secret") == std::string::npos);
  }
}

TEST_CASE("the script's Content-Length is enforced") {
  site const files;
  files.printing("exact", "Content-Type: text/plain\nContent-Length: 4\n\nbody");
  files.printing("more", "Content-Type: text/plain\nContent-Length: 4\n\nbody and more");
  files.printing("less", "Content-Type: text/plain\nContent-Length: 40\n\nbody");
  server const s(files);
  client c(s.port());
  SUBCASE("exact") {
    c.send(request("GET", "/cgi-bin/exact") + request("GET", "/cgi-bin/exact"));
    for (int i = 0; i < 2; ++i) {
      auto const answer = c.read_reply();
      CHECK(answer.framing == framing::content_length);
      CHECK(answer.body == "body");
    }
  }
  SUBCASE("too much is cut and logged, and the connection goes on") {
    c.send(request("GET", "/cgi-bin/more") + request("GET", "/cgi-bin/exact"));
    auto const answer = c.read_reply();
    CHECK(answer.field("Content-Length") == "4");
    CHECK(answer.body == "body");
    CHECK(c.read_reply().body == "body");
    CHECK(s.logged("promised 4, printed 13; the rest is cut"));
    CHECK(s.log().find("content-over-length: /cgi-bin/more[") != std::string::npos);
  }
  SUBCASE("too little closes the connection") {
    c.send(request("GET", "/cgi-bin/less") + request("GET", "/cgi-bin/exact"));
    auto const answer = c.read_reply();
    CHECK(answer.field("Content-Length") == "40");
    CHECK(answer.body == "body");
    CHECK_FALSE(answer.whole);
    CHECK(c.ends_here());
    CHECK(s.logged("promised 40, printed 4"));
    CHECK(s.log().find("content-under-length: /cgi-bin/less[") != std::string::npos);
  }
}

TEST_CASE("output without length is chunked, or ends with the connection") {
  site const files;
  files.script("long", "#!/bin/sh\n" + text_head + "seq 200000\n");
  server const s(files);
  auto const whole = run({"seq", "200000"}).out;
  client c(s.port());
  c.send(request("GET", "/cgi-bin/long") + request("GET", "/cgi-bin/long"));
  for (int i = 0; i < 2; ++i) {
    auto const answer = c.read_reply();
    CHECK(answer.framing == framing::chunked);
    CHECK((answer.body == whole));
  }
  client old(s.port());
  old.send("GET /cgi-bin/long HTTP/1.0\r\n\r\n");
  auto const answer = old.read_reply();
  CHECK(answer.framing == framing::close);
  CHECK((answer.body == whole));
}

TEST_CASE("a short answer is whole, whether its end comes with it or after it") {
  site const files;
  files.script("at-once", "#!/bin/sh\n" + text_head + "echo short\n");
  files.script("split", "#!/bin/sh\n" + text_head + "echo sh\nprintf or\nexec echo t\n");
  files.script("later", "#!/bin/sh\n" + text_head + "echo short\nexec cat >/dev/null\n");
  server const s(files);
  client c(s.port());
  for (int i = 0; i < 50; ++i) {
    for (std::string const name : {"at-once", "split", "later"}) {
      CAPTURE(name);
      c.send(request("GET", "/cgi-bin/" + name));
      auto const answer = c.read_reply();
      CHECK(answer.framing == framing::chunked);
      CHECK(answer.whole);
      CHECK(answer.body == (name == "split" ? "sh\nort\n" : "short\n"));
    }
  }
}

TEST_CASE("a large answer is exact however it is framed") {
  site const files;
  auto const whole = run({"seq", "1000000"}).out;
  auto const counted = [](std::string const& length) {
    return "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: " + length +
           "\\n\\n'\nseq 1000000\n";
  };
  files.script("chunked", "#!/bin/sh\n" + text_head + "seq 1000000\n");
  files.script("counted", counted(std::to_string(whole.size())));
  files.script("more", counted(std::to_string(whole.size() - 700'001)));
  files.script("less", counted(std::to_string(whole.size() + 1)));
  files.write("a.txt", "next");
  server const s(files);
  struct row {
    std::string_view label;
    std::string target;
    std::string version;
    wire::framing framing;
    std::size_t missing;
    bool goes_on;
  };
  row const rows[] = {
      {"chunked", "/cgi-bin/chunked", "1.1", framing::chunked, 0, true},
      {"counted", "/cgi-bin/counted", "1.1", framing::content_length, 0, true},
      {"until the end", "/cgi-bin/chunked", "1.0", framing::close, 0, false},
      {"counted for HTTP/1.0", "/cgi-bin/counted", "1.0", framing::content_length, 0, false},
      {"more than its length", "/cgi-bin/more", "1.1", framing::content_length, 700'001, true},
      {"less than its length", "/cgi-bin/less", "1.1", framing::content_length, 0, false},
  };
  for (row const& r : rows) {
    for (int const receive_buffer : {0, 64 * 1024}) {
      CAPTURE(r.label);
      CAPTURE(receive_buffer);
      client c(s.port(), receive_buffer);
      c.send("GET " + r.target + " HTTP/" + r.version + "\r\nHost: h\r\n\r\n" +
             request("GET", "/a.txt"));
      auto const answer = c.read_reply();
      CHECK(answer.framing == r.framing);
      CHECK((answer.body == whole.substr(0, whole.size() - r.missing)));
      CHECK(answer.whole == (r.target != "/cgi-bin/less"));
      if (r.goes_on) {
        CHECK(c.read_reply().body == "next");
      } else {
        CHECK(c.ends_here());
      }
    }
  }
}

TEST_CASE("a large answer whose script has ended is whole though a descendant holds the pipe") {
  site const files;
  files.script("leaver", "#!/bin/sh\n" + text_head + "seq 300000\nsleep 1000 &\necho $! >pid\n");
  server const s(files);
  auto const whole = run({"seq", "300000"}).out;
  client c(s.port(), 16 * 1024);
  c.send(request("GET", "/cgi-bin/leaver"));
  auto const answer = c.read_reply();
  CHECK(answer.whole);
  CHECK((answer.body == whole));
  ::kill(std::atoi(contents(files.cgi_bin() / "pid").c_str()), SIGKILL);
}

TEST_CASE("every flush of a script reaches the client at once") {
  site const files;
  files.script("steps", "#!/bin/sh\n" + text_head +
                            "for i in 1 2 3; do\n  echo step $i\n"
                            "  while [ ! -e go-$i ]; do sleep 0.01; done\ndone\n");
  files.script("head", "#!/bin/sh\n" + text_head + wait_for_go + "echo late\n");
  files.script("much", "#!/bin/sh\n" + text_head +
                           "seq 300000\nfor i in 1 2 3; do\n  echo step $i\n"
                           "  while [ ! -e go-$i ]; do sleep 0.01; done\ndone\n");
  files.script("known",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 8\\n\\none\\n'\n" +
                   wait_for_go + "echo two\n");
  server const s(files);
  SUBCASE("piece by piece") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/steps"));
    for (int i = 1; i <= 3; ++i) {
      c.read_until("step " + std::to_string(i) + "\n");
      files.write("cgi-bin/go-" + std::to_string(i), "");
    }
    CHECK(c.read_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
  }
  SUBCASE("after a large part") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/much"));
    for (int i = 1; i <= 3; ++i) {
      c.read_until("step " + std::to_string(i) + "\n");
      files.write("cgi-bin/go-" + std::to_string(i), "");
    }
    CHECK(c.read_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
  }
  SUBCASE("to HTTP/1.0") {
    client c(s.port());
    c.send("GET /cgi-bin/steps HTTP/1.0\r\n\r\n");
    for (int i = 1; i <= 3; ++i) {
      c.read_until("step " + std::to_string(i) + "\n");
      files.write("cgi-bin/go-" + std::to_string(i), "");
    }
    CHECK(c.ends_here());
  }
  SUBCASE("the head before the body") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/head"));
    auto answer = c.read_head();
    files.write("cgi-bin/go", "");
    c.read_body(answer);
    CHECK(answer.body == "late\n");
  }
  SUBCASE("with a length") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/known"));
    c.read_until("one\n");
    files.write("cgi-bin/go", "");
    CHECK(c.read_until("two\n") == "two\n");
  }
}

TEST_CASE("an answer without body does not leave the script blocked on its output") {
  site const files;
  auto const body = "echo $$ >pid\nseq 1000000\n"s;
  files.script("large", "#!/bin/sh\n" + text_head + body);
  files.script("none", "#!/bin/sh\nprintf 'Status: 204\\nContent-Type: text/plain\\n\\n'\n" + body);
  files.script("same", "#!/bin/sh\nprintf 'Status: 304\\nContent-Type: text/plain\\n\\n'\n" + body);
  files.script("limited",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 1\\n\\n'\n" + body);
  files.write("a.txt", "first");
  server const s(files);
  struct row {
    std::string_view label;
    std::string method;
    std::string target;
    unsigned status;
  };
  row const rows[] = {
      {"HEAD", "HEAD", "/cgi-bin/large", 200},
      {"204", "GET", "/cgi-bin/none", 204},
      {"304", "GET", "/cgi-bin/same", 304},
      {"more than its length", "GET", "/cgi-bin/limited", 200},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send(request(r.method, r.target) + request("GET", "/a.txt"));
    auto const answer = c.read_reply(r.method);
    CHECK(answer.status == r.status);
    CHECK(answer.body.size() <= 1);
    CHECK(c.read_reply().body == "first");
    // It may have been stopped before it told its pid; then it does not run either.
    auto const pid = std::atoi(contents(files.cgi_bin() / "pid").c_str());
    CHECK(eventually([&] { return pid == 0 || !is_running(pid); }));
    fs::remove(files.cgi_bin() / "pid");
  }
}

TEST_CASE("output without end is not read without end once nobody can be given it") {
  site const files;
  auto const endless = "echo $$ >pid\nwhile :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n"s;
  files.script(
      "limited",
      "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 4\\n\\nbody'\n" + endless);
  files.script("none", "#!/bin/sh\nprintf 'Status: 204\\nContent-Type: x/y\\n\\n'\n" + endless);
  files.script("redirect", "#!/bin/sh\nprintf 'Location: /a.txt\\n\\n'\n" + endless);
  files.write("a.txt", "first");
  server const s(files, {"--grace", "300ms"});
  for (std::string const target : {"/cgi-bin/limited", "/cgi-bin/none", "/cgi-bin/redirect"}) {
    CAPTURE(target);
    client c(s.port());
    c.send(request("GET", target) + request("GET", "/a.txt"));
    CHECK(c.read_reply().whole);
    CHECK(c.read_reply().body == "first");
    auto const pid = std::atoi(contents(files.cgi_bin() / "pid").c_str());
    CHECK(eventually([&] { return pid == 0 || !is_running(pid); }));
    fs::remove(files.cgi_bin() / "pid");
  }
  auto const log = s.log();
  auto const first = log.find("content-over-length");
  CHECK(first != std::string::npos);
  CHECK(log.find("content-over-length", first + 1) == std::string::npos);
}

TEST_CASE("a slow reader slows the script and does not fill the server") {
  site const files;
  files.script("large",
               "#!/usr/bin/python3\nimport sys\n"
               "out = sys.stdout.buffer\n"
               "out.write(b'Content-Type: text/plain\\n\\n')\n"
               "for i in range(64):\n"
               "    out.write(b'x' * 1048576)\n"
               "    out.flush()\n"
               "    open('progress', 'a').write('x')\n");
  server const s(files);
  client c(s.port(), 4096);
  c.send(request("GET", "/cgi-bin/large"));
  c.read_head();
  ask(s.port(), "GET", "/none");
  // The sockets' and the pipe's buffers take some MiB and no more.
  CHECK(contents(files.cgi_bin() / "progress").size() < 32);
}

TEST_CASE("a script that dies in its body does not make a whole answer of it") {
  site const files;
  files.script("dying",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 100\\n\\nabc'\nkill "
               "-KILL $$\n");
  server const s(files);
  client c(s.port());
  c.send(request("GET", "/cgi-bin/dying"));
  CHECK_FALSE(c.read_reply().whole);
}

TEST_SUITE_END();
