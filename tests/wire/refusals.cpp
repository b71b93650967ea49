// Requests that are answered before any handler sees them: raw bytes and the status they get. After
// each the connection closes, for nobody can know where the next request starts.

#include <doctest/doctest.h>

#include <string>

#include "client.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;

namespace {

struct row {
  std::string_view label;
  std::string text;
  unsigned status;
};

// With GET, a sound target and Host, so that only these field lines are in question.
std::string fields(std::string const& lines) {
  return "GET /a.txt HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n\r\n";
}

std::string line(std::string const& request_line) {
  return request_line + "\r\nHost: h\r\n\r\n";
}

std::string target(std::string const& text) {
  return line("GET " + text + " HTTP/1.1");
}

std::string host(std::string const& lines) {
  return "GET /a.txt HTTP/1.1\r\n" + lines + "\r\n";
}

// A POST whose framing is in question; the body would do for each of the readings.
std::string framed(std::string const& lines, std::string const& version = "1.1") {
  return "POST /cgi-bin/echo HTTP/" + version + "\r\nHost: h\r\n" + lines + "\r\n\r\n0\r\n\r\n";
}

void check_refused(server const& s, row const& r) {
  CAPTURE(r.label);
  client c(s.port());
  c.send(r.text);
  c.half_close();
  auto const answer = c.read_reply();
  CHECK(answer.status == r.status);
  CHECK(answer.whole);
  CHECK(answer.field("Connection") == "close");
  CHECK(c.ends_here());
}

}  // namespace

TEST_SUITE_BEGIN("refusals");

TEST_CASE("a request line that is not sound is refused") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  row const rows[] = {
      {"no version", "GET /a.txt\r\n\r\n", 400},
      {"no target", line("GET HTTP/1.1"), 400},
      {"an empty target", line("GET  HTTP/1.1"), 400},
      {"lower-case http", line("GET /a.txt http/1.1"), 400},
      {"another protocol", line("GET /a.txt SHTTP/1.1"), 400},
      {"two spaces after the method", line("GET  /a.txt HTTP/1.1"), 400},
      {"two spaces before the version", line("GET /a.txt  HTTP/1.1"), 400},
      {"a space after the version", line("GET /a.txt HTTP/1.1 "), 400},
      {"a space before the method", line(" GET /a.txt HTTP/1.1"), 400},
      {"a space in the target", line("GET /a txt HTTP/1.1"), 400},
      {"a tab for a space", line("GET\t/a.txt HTTP/1.1"), 400},
      {"a method that is no token", line("G(T /a.txt HTTP/1.1"), 400},
      {"a bare LF", "GET /a.txt HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"a bare CR", "GET /a.txt HTTP/1.1\rHost: h\r\n\r\n", 400},
      {"a CR in the target", line("GET /a\r.txt HTTP/1.1"), 400},
      {"a NUL", line("GET /a\0.txt HTTP/1.1"s), 400},
      {"a control character", line("GET /a\x01.txt HTTP/1.1"), 400},
      {"DEL", line("GET /a\x7F.txt HTTP/1.1"), 400},
      {"a version of one digit", line("GET /a.txt HTTP/1"), 400},
      {"a version of three digits", line("GET /a.txt HTTP/1.10"), 400},
      {"a version that is no number", line("GET /a.txt HTTP/x.y"), 400},
      {"HTTP/2.0", line("GET /a.txt HTTP/2.0"), 505},
      {"HTTP/3.0", line("GET /a.txt HTTP/3.0"), 505},
      {"HTTP/0.9", line("GET /a.txt HTTP/0.9"), 505},
      {"HTTP/2.1", line("GET /a.txt HTTP/2.1"), 505},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
      {"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 501},
  };
  for (row const& r : rows) check_refused(s, r);
}

TEST_CASE("a target that is not sound is refused") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  row const rows[] = {
      {"above the root", target("/.."), 400},
      {"above the root by a slash more", target("/../"), 400},
      {"above the root and back", target("/../www/a.txt"), 400},
      {"above the root, encoded", target("/%2e%2e/etc/passwd"), 400},
      {"above the root, half encoded", target("/.%2E/etc/passwd"), 400},
      {"above the root by an encoded slash", target("/..%2fetc%2fpasswd"), 400},
      {"above the root, deeper", target("/cgi-bin/../../etc/passwd"), 400},
      {"half an escape", target("/a%2"), 400},
      {"an escape that is none", target("/a%zz"), 400},
      {"NUL", target("/a%00.txt"), 400},
      {"a fragment", target("/a.txt#b"), 400},
      {"no slash", target("a.txt"), 400},
      {"asterisk with GET", target("*"), 400},
      {"another scheme", target("ftp://h/"), 400},
      {"https on a plain connection", target("https://h/a.txt"), 421},
      {"no host", target("http:///a.txt"), 400},
      {"user information", target("http://u:p@h/a.txt"), 400},
      {"authority-form with GET", target("h:80"), 400},
  };
  for (row const& r : rows) check_refused(s, r);
}

TEST_CASE("a Host that is missing, repeated or malformed is refused") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  row const rows[] = {
      {"missing", host(""), 400},
      {"missing with an absolute target", "GET http://h/a.txt HTTP/1.1\r\n\r\n", 400},
      {"repeated", host("Host: h\r\nHost: i\r\n"), 400},
      {"repeated and equal", host("Host: h\r\nHost: h\r\n"), 400},
      {"repeated in HTTP/1.0", "GET /a.txt HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400},
      {"a space", host("Host: a b\r\n"), 400},
      {"a slash", host("Host: h/p\r\n"), 400},
      {"user information", host("Host: u@h\r\n"), 400},
      {"a port that is no number", host("Host: h:x\r\n"), 400},
      {"a port too large", host("Host: h:65536\r\n"), 400},
      {"two ports", host("Host: h:80:80\r\n"), 400},
      {"half a bracket", host("Host: [::1\r\n"), 400},
      {"only a port", host("Host: :80\r\n"), 400},
      {"malformed with an absolute target", "GET http://h/a.txt HTTP/1.1\r\nHost: a b\r\n\r\n",
       400},
  };
  for (row const& r : rows) check_refused(s, r);
}

TEST_CASE("a body whose end can be read in two ways is refused") {
  site const files;
  files.play("echo", "echo");
  server const s(files);
  row const rows[] = {
      {"both framings", framed("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400},
      {"both framings, the other order", framed("Transfer-Encoding: chunked\r\nContent-Length: 5"),
       400},
      {"two lengths", framed("Content-Length: 5\r\nContent-Length: 6"), 400},
      {"two equal lengths", framed("Content-Length: 5\r\nContent-Length: 5"), 400},
      {"a list of two equal lengths", framed("Content-Length: 5, 5"), 400},
      {"a list of two lengths", framed("Content-Length: 5, 6"), 400},
      {"a signed length", framed("Content-Length: +5"), 400},
      {"a negative length", framed("Content-Length: -1"), 400},
      {"a length with a space", framed("Content-Length: 5 5"), 400},
      {"a hexadecimal length", framed("Content-Length: 0x5"), 400},
      {"a length with a fraction", framed("Content-Length: 5.0"), 400},
      {"an empty length", framed("Content-Length: "), 400},
      {"a length of 20 digits", framed("Content-Length: 99999999999999999999"), 400},
      {"a length just over 64 bits", framed("Content-Length: 18446744073709551616"), 400},
      {"chunked twice", framed("Transfer-Encoding: chunked, chunked"), 400},
      {"chunked twice in two fields",
       framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"chunked is not the last", framed("Transfer-Encoding: chunked, gzip"), 400},
      {"chunked is not the last, in two fields",
       framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 400},
      {"chunked with a parameter", framed("Transfer-Encoding: chunked;q=1"), 400},
      {"an empty coding before chunked", framed("Transfer-Encoding: , chunked"), 400},
      {"an empty coding", framed("Transfer-Encoding: "), 400},
      {"chunked in quotes", framed("Transfer-Encoding: \"chunked\""), 400},
      {"chunked after a vertical tab",
       framed("Transfer-Encoding: \x0b"
              "chunked"),
       400},
      {"chunked in HTTP/1.0", framed("Transfer-Encoding: chunked", "1.0"), 400},
      {"an unknown coding before chunked", framed("Transfer-Encoding: gzip, chunked"), 501},
      {"a space before the colon", framed("Transfer-Encoding : chunked"), 400},
      {"Content-Length folded", framed("Content-Length:\r\n 5"), 400},
  };
  for (row const& r : rows) check_refused(s, r);
}

TEST_CASE("a coding that is not chunked is refused as unknown or as unsound") {
  site const files;
  files.play("echo", "echo");
  server const s(files);
  for (std::string const coding : {"gzip", "identity", "xchunked", "chunkedx"}) {
    CAPTURE(coding);
    client c(s.port());
    c.send(framed("Transfer-Encoding: " + coding));
    auto const answer = c.read_reply();
    CHECK((answer.status == 400 || answer.status == 501));
    CHECK(c.ends_here());
  }
}

TEST_CASE("a body of much more chunk framing than content is refused") {
  site const files;
  files.play("echo", "echo");
  server const s(files);
  std::string body;
  for (int i = 0; i < 100; ++i) body += "1;" + std::string(1000, 'a') + "\r\nx\r\n";
  auto const head = "POST /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"s;
  check_refused(s, {"long extensions", head + body + "0\r\n\r\n", 413});
  CHECK(s.log().find("chunk-framing-too-large") != std::string::npos);
}

TEST_CASE("a field line that is not sound is refused") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  row const rows[] = {
      {"no colon", fields("X"), 400},
      {"an empty name", fields(": y"), 400},
      {"a space before the colon", fields("X : y"), 400},
      {"a tab before the colon", fields("X\t: y"), 400},
      {"a space before the name", "GET /a.txt HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"a folded line", fields("X: y\r\n z: w"), 400},
      {"a folded line by a tab", fields("X: y\r\n\tz"), 400},
      {"a name that is no token", fields("X(Y): z"), 400},
      {"a name with a byte over 0x7F", fields("X\xC3\xA9: z"), 400},
      {"a NUL in the value", fields("X: a\0b"s), 400},
      {"a NUL in the name", fields("X\0Y: b"s), 400},
      {"a control character in the value",
       fields("X: a\x01"
              "b"),
       400},
      {"DEL in the value",
       fields("X: a\x7F"
              "b"),
       400},
      {"a bare CR in the value", fields("X: a\rb"), 400},
      {"a bare LF after the value", fields("X: a\nY: b"), 400},
      {"a bare LF at the end", "GET /a.txt HTTP/1.1\r\nHost: h\n\n", 400},
      {"a CR alone on a line", "GET /a.txt HTTP/1.1\r\nHost: h\r\n\r\r\n\r\n", 400},
  };
  for (row const& r : rows) check_refused(s, r);
}

TEST_CASE("what looks odd and is sound is served") {
  site const files;
  files.write("a.txt", "first");
  files.play("echo", "echo");
  server const s(files);
  row const rows[] = {
      {"fields in any case", "GET /a.txt HTTP/1.1\r\nhOST: h\r\n\r\n", 200},
      {"no space after the colon", "GET /a.txt HTTP/1.1\r\nHost:h\r\n\r\n", 200},
      {"spaces around the value", "GET /a.txt HTTP/1.1\r\nHost: \t h \t\r\n\r\n", 200},
      {"an empty value", fields("X:"), 200},
      {"a tab inside a value", fields("X: a\tb"), 200},
      {"bytes over 0x7F in a value", fields("X: caf\xC3\xA9"), 200},
      {"a host of IPv6", host("Host: [::1]:80\r\n"), 200},
      {"a host with an empty port", host("Host: h:\r\n"), 200},
      {"no Host in HTTP/1.0", "GET /a.txt HTTP/1.0\r\n\r\n", 200},
      {"chunked in any case", framed("Transfer-Encoding: CHUNKED"), 200},
      {"a method of our own on a script",
       "FROB /cgi-bin/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 200},
      {"up and down inside the root", target("/cgi-bin/../a.txt"), 200},
      {"an encoded letter", target("/%61.txt"), 200},
      {"an absolute target", target("http://h:1/a.txt"), 200},
      {"a later minor version", line("GET /a.txt HTTP/1.2"), 200},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    client c(s.port());
    c.send(r.text);
    CHECK(c.read_reply().status == r.status);
  }
}

TEST_CASE("a method that a file does not know is refused without closing") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  struct method_row {
    std::string method;
    unsigned status;
  };
  client c(s.port());
  for (method_row const& r :
       {method_row{"POST", 405}, method_row{"PUT", 405}, method_row{"DELETE", 405},
        method_row{"FROB", 501}, method_row{"get", 501}}) {
    CAPTURE(r.method);
    c.send(request(r.method, "/a.txt"));
    auto const answer = c.read_reply();
    CHECK(answer.status == r.status);
    if (r.status == 405) {
      CHECK(answer.field("Allow").find("GET") != std::string::npos);
      CHECK(answer.field("Allow").find("HEAD") != std::string::npos);
    }
  }
}

TEST_SUITE_END();
