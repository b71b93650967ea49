// Attacks, from outside, on the whole server: what SECURITY.md promises and no other suite tries.
// Each case is named there.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "../allowed_script.hpp"
#include "client.hpp"
#include "patience.hpp"
#include "plays.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

// What must never be seen by a client.
std::string const secret = "for the server's eyes only";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string repeated(std::string const& text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// A script that prints the variable as the value of a header line, as careless ones do.
std::string echoing(std::string const& variable) {
  return "#!/bin/sh\nprintf 'Content-Type: text/plain\\nX-Echo: '\nprintf '%s\\n\\nran' \"$" +
         variable + "\"\n";
}

std::vector<std::string> lines_of(std::string const& text) {
  return words(text, '\n');
}

// Runs the action on another thread, again and again, as long as this lives.
class meanwhile {
 public:
  template <class Action>
  explicit meanwhile(Action action)
      : thread_([this, action] {
          while (!done_) action();
        }) {}
  meanwhile(meanwhile const&) = delete;
  meanwhile& operator=(meanwhile const&) = delete;
  ~meanwhile() {
    done_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

// Puts a symbolic link in place of whatever has that name, in one step.
void relink(fs::path const& name, fs::path const& target) {
  auto const fresh = name.string() + ".new";
  fs::remove(fresh);
  fs::create_symlink(target, fresh);
  fs::rename(fresh, name);
}

}  // namespace

TEST_SUITE_BEGIN("attacks");

TEST_CASE("what a body hides is no second request, and what a request hides is no body") {
  site const files;
  files.play("echo", "echo");
  files.write("hidden.txt", secret);
  server const s(files);
  std::string const hidden = "GET /hidden.txt HTTP/1.1\r\nHost: h\r\n\r\n";
  auto const post = [](std::string const& framing, std::string const& body) {
    return "POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\n" + framing + "\r\n\r\n" + body;
  };
  auto const counted = "Content-Length: " + std::to_string(hidden.size());
  struct row {
    std::string_view label;
    std::string bytes;
    unsigned status;
  };
  row const rows[] = {
      {"CL.TE", post(counted + "\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + hidden), 400},
      {"TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4", "5c\r\n" + hidden), 400},
      {"TE.TE, a space before the colon", post("Transfer-Encoding : chunked", hidden), 400},
      {"TE.TE, a coding that is none", post("Transfer-Encoding: xchunked", hidden), 400},
      {"TE.TE, twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", hidden), 400},
      {"TE.TE, after a vertical tab",
       post("Transfer-Encoding:\x0b"
            "chunked",
            hidden),
       400},
      {"TE.TE, folded", post("Transfer-Encoding:\r\n chunked", hidden), 400},
      {"TE.TE, behind a bare CR", post("X: y\rTransfer-Encoding: chunked", hidden), 400},
      {"TE.TE, behind a bare LF", post("X: y\nTransfer-Encoding: chunked", hidden), 400},
      {"TE.TE, an underscore", post("Transfer_Encoding: chunked\r\n" + counted, hidden), 200},
      {"CL.CL", post("Content-Length: 0\r\n" + counted, hidden), 400},
      {"CL.CL, equal", post(counted + "\r\n" + counted, hidden), 400},
      {"CL in a list", post("Content-Length: 0, 0", hidden), 400},
      {"a chunk of negative size", post("Transfer-Encoding: chunked", "-1\r\n" + hidden), 400},
      {"a chunk of hexadecimal prefix", post("Transfer-Encoding: chunked", "0x0\r\n\r\n" + hidden),
       400},
      {"a chunk size that wraps to none",
       post("Transfer-Encoding: chunked", "10000000000000000\r\n\r\n" + hidden), 400},
      {"a chunk size behind a space", post("Transfer-Encoding: chunked", " 0\r\n\r\n" + hidden),
       400},
      {"a chunk that ends in a bare LF", post("Transfer-Encoding: chunked", "0\n\n" + hidden), 400},
      {"a chunk extension that ends in a bare LF",
       post("Transfer-Encoding: chunked", "0;a\nb\r\n\r\n" + hidden), 400},
      {"a chunk extension with a bare CR",
       post("Transfer-Encoding: chunked", "0;a\rb\r\n\r\n" + hidden), 400},
      {"a chunk longer than its size",
       post("Transfer-Encoding: chunked", "1\r\nabc\r\n0\r\n\r\n" + hidden), 400},
      {"a chunk that two bytes end that are no CRLF",
       post("Transfer-Encoding: chunked", "1\r\naXX0\r\n\r\n" + hidden), 400},
      {"a trailer that ends in a bare LF",
       post("Transfer-Encoding: chunked", "0\r\nA: b\n\r\n\r\n" + hidden), 400},
      {"a trailer that is folded",
       post("Transfer-Encoding: chunked", "0\r\nA: b\r\n c\r\n\r\n" + hidden), 400},
      {"a body of GET", "GET /none HTTP/1.1\r\nHost: h\r\n" + counted + "\r\n\r\n" + hidden, 404},
      {"a body of HTTP/1.0 in chunks",
       "POST /cgi-bin/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, 400},
      {"an upgrade that is not taken",
       "GET /none HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + counted +
           "\r\n\r\n" + hidden,
       404},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send(r.bytes);
    c.half_close();
    CHECK(c.read_reply().status == r.status);
    // Whatever else is answered, the hidden request is not: a body is echoed in the first answer.
    CHECK_FALSE(has(c.read_to_end(), secret));
  }
}

TEST_CASE("a value that a client chose adds no header line to a script's answer") {
  site const files;
  files.script("path", echoing("PATH_INFO"));
  files.script("query", echoing("QUERY_STRING"));
  files.script("word", echoing("1"));
  files.script("field", echoing("HTTP_X_FIELD"));
  files.script("uri", echoing("REQUEST_URI"));
  files.script("name", echoing("SERVER_NAME"));
  server const s(files);
  struct row {
    std::string_view label;
    std::string target;
    std::string fields;
  };
  row const rows[] = {
      {"PATH_INFO", "/cgi-bin/path/a%0d%0aX-Evil:%20b", ""},
      {"PATH_INFO, a bare LF", "/cgi-bin/path/a%0aX-Evil:%20b", ""},
      {"PATH_INFO, a bare CR", "/cgi-bin/path/a%0dX-Evil:%20b", ""},
      {"PATH_INFO, encoded twice", "/cgi-bin/path/a%250d%250aX-Evil:%20b", ""},
      {"QUERY_STRING", "/cgi-bin/query?a%0d%0aX-Evil:%20b", ""},
      {"an argument", "/cgi-bin/word?a%0d%0aX-Evil:%20b", ""},
      {"an argument, a bare LF", "/cgi-bin/word?a%0aX-Evil:b+c", ""},
      {"REQUEST_URI", "/cgi-bin/uri/a?%0d%0aX-Evil:%20b", ""},
      {"a field", "/cgi-bin/field", "X-Field: a\rX-Evil: b\r\n"},
      {"a field with a tab", "/cgi-bin/field", "X-Field: a\tX-Evil: b\r\n"},
      {"a field, U+010A and U+010D", "/cgi-bin/field", "X-Field: a\xC4\x8D\xC4\x8AX-Evil: b\r\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const answer = ask(s.port(), "GET", r.target, r.fields);
    CHECK_FALSE(answer.has("X-Evil"));
  }
  CHECK(ask(s.port(), "GET", "/cgi-bin/path/a%0ab").status == 400);
  CHECK(ask(s.port(), "GET", "/cgi-bin/path/a%09b").field("X-Echo") == "/a\tb");
}

TEST_CASE("a script's output cannot start a second answer") {
  site const files;
  files.write("a.txt", "first");
  std::string const second = "HTTP/1.1 200 OK\nContent-Length: 4\n\nevil";
  std::string const type = "Content-Type: text/plain\n";
  struct row {
    std::string_view label;
    std::string output;
    unsigned status;
  };
  row const rows[] = {
      {"a bare CR in a value", "X: a\r" + second + "\n" + type + "\nx", 502},
      {"a CR before the CRLF", "X: a\r\r\n" + type + "\nx", 502},
      {"a NUL in a value", "X: a\0b\n"s + type + "\nx", 502},
      {"a folded line", "X: a\n b\n" + type + "\nx", 502},
      {"a space before the colon", "X : a\n" + type + "\nx", 502},
      {"a reason phrase with a CR", "Status: 200 OK\rX: y\n" + type + "\nx", 502},
      {"a status below 200", "Status: 101 Switching Protocols\n" + type + "\n" + second, 502},
      {"more than its chunks", "Transfer-Encoding: chunked\n" + type + "\n0\r\n\r\n" + second, 200},
      {"chunks and another coding", "Transfer-Encoding: gzip, chunked\n" + type + "\n" + second,
       502},
      {"two lengths", "Content-Length: 90\nContent-Length: 0\n" + type + "\n" + second, 200},
      {"more than its length", "Content-Length: 2\n" + type + "\nok" + second, 200},
      {"content after 204", "Status: 204 No Content\n" + type + "\n" + second, 204},
      {"content after 304", "Status: 304 Not Modified\n" + type + "\n" + second, 304},
      {"a Location with a bare CR", "Location: http://h/\rX-Evil: y\n\n", 502},
  };
  for (row const& r : rows) files.printing(std::string(r.label), r.output);
  server const s(files);
  for (row const& r : rows) {
    CAPTURE(r.label);
    std::string target = "/cgi-bin/" + std::string(r.label);
    for (auto at = target.find(' '); at != std::string::npos; at = target.find(' '))
      target.replace(at, 1, "%20");
    client c(s.port());
    c.send(request("GET", target) + request("GET", "/a.txt"));
    auto const answer = c.read_reply();
    CHECK(answer.status == r.status);
    CHECK_FALSE(answer.has("X-Evil"));
    if (answer.status < 400) CHECK_FALSE(has(answer.body, "evil"));
    if (answer.field("Connection") != "close") CHECK(c.read_reply().body == "first");
  }
}

TEST_CASE("no client and no script writes a log line of its own") {
  site const files;
  files.write("a.txt", "first");
  files.script("loud",
               "#!/bin/sh\nprintf 'a\\r\\nFORGED b\\033[2J\\n' >&2\nprintf 'FORGED' >&2\n"
               "printf 'Content-Type: text/plain\\n\\nx'\n");
  files.script("wrong", "#!/bin/sh\nprintf 'no header\\rFORGED'\n");
  std::string const turned = "\xE2\x80\xAE";
  for (std::string const format : {"combined", "json"}) {
    CAPTURE(format);
    server const s(files, {"--log-format", format, "--log-level", "debug"});
    ask(s.port(), "GET", "/none%0aFORGED%0d%1b[2J\"x");
    ask(s.port(), "GET", "/a.txt",
        "User-Agent: x\" FORGED \"\x9b\xC2\x85\xE2\x80\xA8" + turned + "\r\n");
    ask(s.port(), "GET", "/a.txt", "Referer: \\\" FORGED \t\xFF\r\n");
    ask(s.port(), "GET", "/cgi-bin/loud");
    ask(s.port(), "GET", "/cgi-bin/wrong");
    for (std::string const& bytes : {"GET /\x1b[2J HTTP/1.1\r\n\r\n"s, "FORGED\n\n"s,
                                     "GET / HTTP/1.1\r\nHost: a\nFORGED\r\n\r\n"s,
                                     "GET / HTTP/1.1\r\nHost: \"FORGED\x1b\r\n\r\n"s,
                                     "GET / HTTP/1.1\r\nHost: h\r\nExpect: FORGED\t\"\r\n\r\n"s,
                                     "GET /%zz\"FORGED HTTP/1.1\r\n\r\n"s}) {
      client c(s.port());
      c.send(bytes);
      c.half_close();
      c.read_to_end();
    }
    ask(s.port(), "GET", "/last");
    REQUIRE(s.logged("/last"));
    REQUIRE(s.logged("script-stderr"));
    auto const log = s.log();
    for (auto const& line : lines_of(log)) {
      CAPTURE(line);
      CHECK_FALSE(line.starts_with("FORGED"));
      CHECK(std::none_of(line.begin(), line.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
      }));
    }
    for (std::string const& raw : {"\xC2\x85"s, "\xE2\x80\xA8"s, turned})
      CHECK_FALSE(has(log, raw));
    // A quote that a client sent ends no field.
    if (format == "combined") CHECK_FALSE(has(log, "\" FORGED \""));
  }
}

TEST_CASE("what a shell would take for code reaches a script as text") {
  site const files;
  files.script("bash",
               "#!/bin/bash\nprintf 'Content-Type: text/plain\\n\\n'\n"
               "bash -c 'printf %s \"$HTTP_X_TEST\"'\n");
  files.play("env", "env");
  files.play("argv", "argv");
  server const s(files);
  auto const marker = (files.base() / "ran").string();
  for (std::string const& value :
       {"() { :;}; touch " + marker, "() { _; } >_[$($())] { touch " + marker + "; }",
        "$(touch " + marker + ")", "`touch " + marker + "`", "; touch " + marker + " #"}) {
    CAPTURE(value);
    auto const field =
        "X-Test: " + value + "\r\nUser-Agent: " + value + "\r\nCookie: " + value + "\r\n";
    CHECK(ask(s.port(), "GET", "/cgi-bin/bash", field).body == value);
    CHECK(entries(ask(s.port(), "GET", "/cgi-bin/env", field).body, '\0')["HTTP_X_TEST"] == value);
  }
  CHECK(words(ask(s.port(), "GET", "/cgi-bin/argv?$(touch%20x)+;id").body, '\0') ==
        std::vector<std::string>{"$(touch x)", ";id"});
  CHECK_FALSE(fs::exists(marker));
}

TEST_CASE("no field of a client's becomes a variable that programs trust") {
  site const files;
  files.play("env", "env");
  server const s(files);
  auto const fields =
      "Proxy: evil\r\nPROXY: evil\r\nPr_oxy: evil\r\nX_Forwarded_For: evil\r\n"
      "X.Forwarded.For: evil\r\nX-Forwarded.For: evil\r\nRemote_User: evil\r\nRemote-User: kept\r\n"
      "Auth_Type: evil\r\nBASH_FUNC_ls%%: evil\r\nLD_PRELOAD: evil\r\nContent_Length: evil\r\n"
      "Authorization: evil\r\nTransfer-Encoding: chunked\r\nX-Last: kept\r\n"s;
  client c(s.port());
  c.send("POST /cgi-bin/env HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n0\r\nX-Trailer: evil\r\n\r\n");
  auto const variables = entries(c.read_reply().body, '\0');
  for (auto const& [name, value] : variables) {
    CAPTURE(name);
    CHECK_FALSE(has(value, "evil"));
  }
  CHECK(variables.count("HTTP_REMOTE_USER") == 1);
  CHECK(variables.count("REMOTE_USER") == 0);
  CHECK(variables.count("HTTP_X_LAST") == 1);
}

TEST_CASE("PHP sees no field that a proxy would have stripped by its right name") {
  if (!fs::exists("/usr/bin/php-cgi")) return;
  site const files;
  files.write("page.php", "<?php echo json_encode($_SERVER);");
  server const s(files, {"--cgi-ext", ".php", "--interpreter", ".php=/usr/bin/php-cgi"});
  auto const seen = ask(s.port(), "GET", "/page.php?a=b",
                        "X.Forwarded.For: evil\r\nX_Forwarded_For: evil\r\nX-Real.Ip: evil\r\n");
  REQUIRE(seen.status == 200);
  CHECK_FALSE(has(seen.body, "evil"));
}

TEST_CASE("a copy of a script beside it is not given out") {
  site const files;
  for (std::string const ending :
       {"",     "~",     ".bak", ".orig",    ".old",      ".swp",    ".gz",
        ".br",  ".~1~",  ".",    ".ucf-old", ".ucf-dist", ".pacnew", ".rpmorig",
        ".new", ".copy", ".1",   "_bak",     ",v",        "s"})
    files.write("page.php" + ending, secret);
  files.write("notes.txt", "open");
  fs::create_symlink("page.php", files.root() / "notes.txt.gz");
  server const s(files, {"--cgi-ext", ".php", "--interpreter", ".php=/bin/false"});
  for (std::string const target :
       {"/page.php~",       "/page.php%7e",      "/page.php.bak",     "/page.php.BAK",
        "/page.php.orig",   "/page.php.old",     "/page.php.swp",     "/page.php.gz",
        "/page.php.br",     "/page.php.~1~",     "/page.php.",        "/page.php%2e",
        "/PAGE.PHP~",       "/page.php%00.txt",  "/page.php%20",      "/page.php::$DATA",
        "/page.php%5c",     "/page.php;x",       "/page.php/.",       "/page.php/x.txt",
        "/./page.php",      "/x/..%2fpage.php~", "/page.php%2f",      "//page.php",
        "/%70age.php~",     "/notes.txt.gz",     "/page.php.ucf-old", "/page.php.ucf-dist",
        "/page.php.pacnew", "/page.php.rpmorig", "/page.php.new",     "/page.php.copy",
        "/page.php.1",      "/page.php_bak",     "/page.php,v",       "/page.phps"}) {
    CAPTURE(target);
    for (std::string const fields : {"", "Range: bytes=0-3\r\n", "Accept-Encoding: gzip, br\r\n"}) {
      for (std::string const method : {"GET", "HEAD", "OPTIONS"}) {
        auto const answer = ask(s.port(), method, target, fields);
        CHECK((answer.status >= 400 || answer.status == 204));
        CHECK_FALSE(has(answer.body, secret.substr(0, 4)));
      }
    }
  }
  CHECK(ask(s.port(), "GET", "/notes.txt", "Accept-Encoding: gzip\r\n").body == "open");
}

TEST_CASE("links that change while requests run lead neither out nor to a script's source") {
  site const files;
  auto const outside = files.write(files.base() / "outside" / "x.txt", secret);
  files.write("inside/x.txt", "open");
  files.write("page.php", secret);
  files.write("cgi-bin/x.txt", secret);
  relink(files.root() / "dir", "inside");
  relink(files.root() / "file.txt", "inside/x.txt");
  for (arguments const& options : {arguments{}, arguments{"--follow-symlinks"}}) {
    CAPTURE(options.size());
    arguments all{"--cgi-ext", ".php", "--interpreter", ".php=/bin/false"};
    all.insert(all.end(), options.begin(), options.end());
    server const s(files, all);
    bool const follows = !options.empty();
    meanwhile const swapping([&] {
      relink(files.root() / "dir", follows ? fs::path("cgi-bin") : outside.parent_path());
      relink(files.root() / "file.txt", follows ? fs::path("page.php") : outside);
      relink(files.root() / "dir", "cgi-bin");
      relink(files.root() / "file.txt", "page.php");
      files.write("page.next", secret);
      fs::rename(files.root() / "page.next", files.root() / "page.php");
      relink(files.root() / "dir", "inside");
      relink(files.root() / "file.txt", "inside/x.txt");
    });
    int open = 0;
    client c(s.port());
    for (int i = 0; i < 3000; ++i) {
      c.send(request("GET", i % 2 == 0 ? "/dir/x.txt" : "/file.txt"));
      auto const answer = c.read_reply();
      if (answer.status == 200) ++open;
      if (has(answer.body, secret)) FAIL("given out after ", i, " requests");
    }
    CHECK(open > 0);
  }
}

TEST_CASE("a page of another site whose name leads here is told no details") {
  site const files;
  files.script("failing", "#!/bin/sh\necho '" + secret + "' >&2\nexit 1\n");
  server const s(files, {"--inspect"});
  struct row {
    std::string_view label;
    std::string host;
    bool told;
  };
  row const rows[] = {{"the machine's own name", "localhost", true},
                      {"its address", "127.0.0.1:80", true},
                      {"a name that was rebound", "rebound.example", false},
                      {"an address in a name", "127.0.0.1.rebound.example", false},
                      {"localhost's name in another", "localhost.rebound.example", false}};
  for (row const& r : rows) {
    CAPTURE(r.label);
    for (std::string const& target :
         {"/cgi-bin/failing"s, "http://" + r.host + "/cgi-bin/failing"}) {
      auto const host = target[0] == '/' ? r.host : "localhost"s;
      client c(s.port());
      c.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nAccept: text/html\r\n\r\n");
      CHECK(has(c.read_reply().body, "only") == r.told);
      c.send("GET " + (target[0] == '/' ? "/-/exchanges"s : "http://" + r.host + "/-/exchanges") +
             " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      CHECK(c.read_reply().status == (r.told ? 200 : 403));
    }
  }
}

TEST_CASE("no page of the server's runs what a name, a path or a script says") {
  site const files;
  std::string const markup = "<img src=x onerror=alert(1)>'\"&.txt";
  files.write("sub/" + markup, "x");
  files.write("sub/javascript:alert(1)", "x");
  files.printing("bad", "<script>alert(1)</script>\n\n");
  server const s(files);
  auto const listing =
      ask(s.port(), "GET", "/sub/?sort=%22%3E%3Cscript%3E", "Accept: text/html\r\n");
  CHECK(has(listing.body, "&lt;img"));
  CHECK_FALSE(has(listing.body, "<img"));
  CHECK_FALSE(has(listing.body, "href=\"javascript:"));
  CHECK(has(listing.field("Content-Security-Policy"), "default-src 'none'"));
  CHECK(has(listing.field("Content-Security-Policy"),
            gatehouse::tests::script_source(gatehouse::tests::only_script(listing.body))));
  for (std::string const target :
       {"/<script>alert(1)</script>", "/%3Cscript%3Ealert(1)%3C/script%3E", "/cgi-bin/bad",
        "/sub/?<script>", "/cgi-bin/<script>"}) {
    CAPTURE(target);
    client c(s.port());
    c.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
    auto const page = c.read_reply();
    CHECK_FALSE(has(page.body, "<script>alert"));
    auto const script = gatehouse::tests::only_script(page.body);
    CHECK(has(page.body, "<script") == !script.empty());
    if (!script.empty()) {
      CHECK(has(page.field("Content-Security-Policy"), gatehouse::tests::script_source(script)));
    }
    CHECK(has(page.field("Content-Security-Policy"), "default-src 'none'"));
    CHECK(page.field("X-Content-Type-Options") == "nosniff");
  }
}

TEST_CASE("no browser is left to guess the type of a file") {
  site const files;
  std::string const page = "<html><script>alert(1)</script>";
  for (std::string const name : {"plain.txt", "noending", "picture.png", "odd.zzz"})
    files.write(name, page);
  server const s(files);
  for (std::string const target : {"/plain.txt", "/noending", "/picture.png", "/odd.zzz", "/"}) {
    for (std::string const fields : {"", "Range: bytes=0-4\r\n", "Range: bytes=0-1,4-5\r\n"}) {
      CAPTURE(target + " " + fields);
      auto const answer = ask(s.port(), "GET", target, fields);
      CHECK(answer.field("X-Content-Type-Options") == "nosniff");
      CHECK(answer.has("Content-Type"));
      if (target != "/") CHECK_FALSE(answer.field("Content-Type").starts_with("text/html"));
    }
  }
}

TEST_CASE("more fields than a program can start with are refused, and the next request is served") {
  site const files;
  files.play("env", "env");
  server const s(files, {"--header-limit", "8M"});
  struct row {
    std::string_view label;
    std::string fields;
  };
  row const rows[] = {
      {"one of 200 KiB", "X-A: " + std::string(200 << 10U, 'a') + "\r\n"},
      {"90 of 60 KiB",
       [] {
         std::string all;
         for (int i = 0; i < 90; ++i)
           all += "X-" + std::to_string(i) + ": " + std::string(60 << 10U, 'a') + "\r\n";
         return all;
       }()},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send(request("GET", "/cgi-bin/env", r.fields) + request("GET", "/cgi-bin/env"));
    CHECK(c.read_reply().status == 431);
    CHECK(c.read_reply().status == 200);
  }
  CHECK(s.logged("environment-too-large"));
}

TEST_CASE("the words of a query are no options of a program") {
  site const files;
  fs::create_symlink("/usr/bin/printf", files.cgi_bin() / "linked");
  server const s(files, {"--map", "/mapped cgi:/usr/bin/printf"});
  auto const format = "?Content-Type:%20text/plain%5cn%5cn[%25s]+"s;
  for (std::string const target : {"/mapped", "/cgi-bin/linked"}) {
    CAPTURE(target);
    CHECK(ask(s.port(), "GET", target + format + "word").body == "[word]");
    for (std::string const word : {"-s", "--help", "%2Ds", "-"}) {
      CAPTURE(word);
      CHECK(ask(s.port(), "GET", target + format + word).status == 502);
    }
  }
}

TEST_CASE("php-cgi takes no option from a URL, however it is reached") {
  if (!fs::exists("/usr/bin/php-cgi")) return;
  site const files;
  files.write("page.php", "<?php /* " + secret + " */ echo 'ran';");
  files.script("script", "#!/usr/bin/php-cgi\n<?php /* " + secret + " */ echo 'ran';");
  fs::create_symlink("/usr/bin/php-cgi", files.cgi_bin() / "php");
  server const s(files, {"--cgi-ext", ".php", "--interpreter", ".php=/usr/bin/php-cgi", "--map",
                         "/mapped cgi:/usr/bin/php-cgi"});
  for (std::string const target :
       {"/page.php", "/cgi-bin/script", "/cgi-bin/php/page.php", "/mapped/page.php"}) {
    for (std::string const query :
         {"?-s", "?%2Ds", "?-s+x", "?x+-s", "?-d+auto_prepend_file%3d/etc/passwd", "?%ADs",
          "?--+-s", "?-n+-s", "?-dallow_url_include%3don+-dauto_prepend_file%3dphp://input",
          "?-T+5", "?-h", "?+-s"}) {
      CAPTURE(target + query);
      auto const answer = ask(s.port(), "GET", target + query);
      CHECK_FALSE(has(answer.body, secret));
      CHECK_FALSE(has(answer.body, "&lt;?php"));
      CHECK_FALSE(has(answer.body, "root:"));
      CHECK_FALSE(has(answer.body, "Usage: php"));
    }
  }
  CHECK(ask(s.port(), "GET", "/page.php?a").body == "ran");
}

TEST_CASE("no path makes php-cgi run a file that is no program") {
  if (!fs::exists("/usr/bin/php-cgi")) return;
  site const files;
  files.write("page.php", "<?php echo 'page';");
  files.write("image.jpg", "<?php echo 'ev' . 'il';");
  files.write("deep/image.jpg", "<?php echo 'ev' . 'il';");
  server const s(files, {"--cgi-ext", ".php", "--interpreter", ".php=/usr/bin/php-cgi"});
  for (std::string const target :
       {"/page.php/image.jpg", "/page.php/deep/image.jpg", "/page.php/../image.jpg",
        "/image.jpg/x.php", "/image.jpg/page.php", "/image.jpg%00.php", "/image.jpg;.php",
        "/image.jpg?.php", "/image.jpg/.php", "/page.php/image.jpg/", "/page.php//image.jpg",
        "/image.jpg%2fx.php", "/page.php?image.jpg"}) {
    CAPTURE(target);
    CHECK_FALSE(has(ask(s.port(), "GET", target).body, "evil"));
  }
  CHECK(ask(s.port(), "GET", "/page.php/image.jpg").body == "page");
}

TEST_CASE("a spooled body has no name, and no other user may read it") {
  site const files;
  auto const spool = files.base() / "spool";
  fs::create_directory(spool);
  files.script("input", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nls -A '" +
                            spool.string() + "'\nstat -L -c %a /proc/self/fd/0\n");
  server const s(files, {}, {"TMPDIR=" + spool.string()});
  client c(s.port());
  c.send("POST /cgi-bin/input HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
         chunked(repeated("secret", 50'000)));
  CHECK(c.read_reply().body == "400\n");
  CHECK(fs::is_empty(spool));
}

TEST_CASE("TRACE gives no request back") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  for (std::string const target : {"/a.txt", "/", "/none"}) {
    CAPTURE(target);
    auto const answer = ask(s.port(), "TRACE", target, "Cookie: " + secret + "\r\n");
    CHECK(answer.status == 405);
    CHECK_FALSE(has(answer.body, secret));
  }
}

TEST_CASE("a name that no host has is no SERVER_NAME") {
  site const files;
  files.play("env", "env");
  server const s(files);
  for (std::string const host :
       {"$(id)", "a'b", "a\"b", "<b>", "a;b", "a,b", "%41", "a&b", "[v1.x]", "a\\b", "a|b"}) {
    CAPTURE(host);
    client c(s.port());
    c.send("GET /cgi-bin/env HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    CHECK(c.read_reply().status == 400);
    client absolute(s.port());
    absolute.send("GET http://" + host + "/cgi-bin/env HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(absolute.read_reply().status == 400);
  }
}

TEST_CASE("of an absolute target and another Host, a script is told the target's") {
  site const files;
  files.play("env", "env");
  server const s(files);
  client c(s.port());
  c.send("GET http://one.example/cgi-bin/env HTTP/1.1\r\nHost: two.example\r\n\r\n");
  auto const variables = entries(c.read_reply().body, '\0');
  CHECK(variables.at("SERVER_NAME") == "one.example");
  CHECK(variables.at("HTTP_HOST") == "one.example");
}

TEST_CASE("PATH_TRANSLATED lies beneath the root, whatever the path") {
  site const files;
  files.play("env", "env");
  server const s(files);
  auto const root = files.root().string();
  for (std::string const rest : {"/a", "/../a", "/%2e%2e/a", "/..%2fa", "//a", "/%2fetc/passwd",
                                 "/a/%2e%2e/%2e%2e/x", "/..;/a", "/\\..\\a"}) {
    CAPTURE(rest);
    auto const answer = ask(s.port(), "GET", "/cgi-bin/env" + rest);
    if (answer.status != 200) continue;  // above cgi-bin there is no program
    auto variables = entries(answer.body, '\0');
    auto const translated = fs::path(variables["PATH_TRANSLATED"]);
    CHECK(variables["PATH_TRANSLATED"].starts_with(root + "/"));
    CHECK(translated.lexically_normal().string().starts_with(root + "/"));
  }
}

// The kernel does not say any more who was at the other end of a connection that was reset.
TEST_CASE("a client that resets its connection at once does not hide its address") {
  site const files;
  files.write("a.txt", "first");
  auto const log = files.base() / "access.log";
  server const s(files, {"--access-log", log.string()});
  ::kill(s.pid(), SIGSTOP);
  for (int i = 0; i < 20; ++i) {
    client one(s.port());
    one.send(request("GET", "/a.txt"));
    one.reset();
  }
  ::kill(s.pid(), SIGCONT);
  CHECK(ask(s.port(), "GET", "/a.txt?last").body == "first");
  CHECK(eventually([&] { return has(contents(log), "?last"); }));
  for (auto const& line : lines_of(contents(log))) CHECK(line.starts_with("127.0.0.1 "));
}

TEST_SUITE_END();
