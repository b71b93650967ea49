#include "gatehouse/gateway/script_response.hpp"

#include <doctest/doctest.h>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse::gateway;

namespace {

gatehouse::http::result<std::optional<response_head>> parse(std::string_view text) {
  script_response_parser parser;
  return parser.push(text);
}

std::string many_fields(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += "X-" + std::to_string(i) + ": y\n";
  return out;
}

// The reason codes of the deviations, in their order.
std::string deviations(std::string_view text) {
  auto const head = parse(text);
  if (head.has_error() || !head->has_value()) return "no head";
  std::string out;
  for (auto const& s : (*head)->deviations) out.append(out.empty() ? "" : " ").append(s.reason);
  return out;
}

// What of the head reaches the client: "Name: value" of each field, and the length.
std::string handed_on(std::string_view text) {
  auto const head = parse(text);
  if (head.has_error() || !head->has_value()) return "no head";
  std::string out;
  for (auto const& field : (*head)->fields)
    out.append(field.name).append(": ").append(field.value).append("; ");
  if ((*head)->content_length) out += "length " + std::to_string(*(*head)->content_length);
  return out;
}

}  // namespace

TEST_CASE("the four kinds of response are told apart") {
  struct row {
    std::string_view label;
    std::string text;
    response_kind kind;
    unsigned status;
  };
  row const rows[] = {
      {"a document", "Content-Type: text/plain\n\n", response_kind::document, 200},
      {"CRLF", "Content-Type: text/plain\r\n\r\n", response_kind::document, 200},
      {"names in any case", "CONTENT-type: text/plain\n\n", response_kind::document, 200},
      {"a document with a status", "Status: 404 Gone fishing\nContent-Type: a/b\n\n",
       response_kind::document, 404},
      {"a status alone", "Status: 204\n\n", response_kind::document, 204},
      {"a local redirect", "Location: /a?b\n\n", response_kind::local_redirect, 200},
      {"a local redirect beside what is dropped", "Location: /a\nDate: now\nConnection: close\n\n",
       response_kind::local_redirect, 200},
      {"a client redirect", "Location: http://h/a\n\n", response_kind::client_redirect, 302},
      {"a client redirect with its document", "Location: http://h/a\nContent-Type: a/b\n\n",
       response_kind::client_redirect, 302},
      {"a path with a fragment", "Location: /a#b\n\n", response_kind::client_redirect, 302},
      {"a path beside a Content-Type", "Content-type: a/b\nLocation: /a\n\n",
       response_kind::client_redirect, 302},
      {"a path beside a Set-Cookie", "Location: /a\nSet-Cookie: b=c\n\n",
       response_kind::client_redirect, 302},
      {"a path beside a Content-Length", "Location: /a\nContent-Length: 0\n\n",
       response_kind::client_redirect, 302},
      {"a relative reference", "Location: env.sh?x=1\n\n", response_kind::client_redirect, 302},
      {"a query alone", "Location: ?x=1\n\n", response_kind::client_redirect, 302},
      {"a reference to another host", "Location: //h/a\n\n", response_kind::client_redirect, 302},
      {"a Location that is empty", "Location:\nContent-Type: a/b\n\n", response_kind::document,
       200},
      {"a Location with any Status", "Status: 200\nLocation: /a\n\n",
       response_kind::client_redirect, 200},
      {"no field that CGI knows", "X-A: b\n\n", response_kind::document, 200},
      {"an empty line first", "\nContent-Type: a/b\nStatus: 404\n\n", response_kind::document, 404},
      {"nothing but an empty line before content", "\nhello\n", response_kind::document, 200},
      {"a status that HTTP does not have", "Status: 999 Odd\n\n", response_kind::document, 999},
      {"a client redirect with extension fields", "Location: http://h/a\nX-A: b\n\n",
       response_kind::client_redirect, 302},
      {"a client redirect with document",
       "Status: 301\nLocation: http://h/a\nContent-Type: a/b\n\n", response_kind::client_redirect,
       301},
      {"a redirect to a path by status",
       "Status: 303 See Other\nLocation: /a\nContent-Type: a/b\n\n", response_kind::client_redirect,
       303},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const head = parse(r.text);
    REQUIRE(head.has_value());
    REQUIRE(head->has_value());
    CHECK((*head)->kind == r.kind);
    CHECK((*head)->status == r.status);
  }
}

TEST_CASE("malformed output is refused with its reason") {
  struct row {
    std::string_view label;
    std::string text;
    std::string_view reason;
  };
  row const rows[] = {
      {"content first", "<html>\n", "script-no-blank-line"},
      {"a line without a colon", "Content-Type: a/b\nhello\n", "script-no-blank-line"},
      {"a bad name", "Content Type: a/b\n\n", "script-bad-header"},
      {"no name", ": a\n\n", "script-bad-header"},
      {"space before the colon", "Content-Type : a/b\n\n", "script-bad-header"},
      {"a bare CR", "Content-Type: a/b\rX: y\n\n", "script-bad-header"},
      {"a NUL", std::string("Content-Type: a\0b\n\n", 19), "script-bad-header"},
      {"a control character", "Content-Type: a\x1b[0m\n\n", "script-bad-header"},
      {"a folded line", "Content-Type: a/b\n c: d\n\n", "script-bad-header"},
      {"Status with words", "Status: OK\n\n", "script-bad-status"},
      {"Status with two digits", "Status: 20\n\n", "script-bad-status"},
      {"Status with four digits", "Status: 2000\n\n", "script-bad-status"},
      {"an interim status", "Status: 100\n\n", "script-bad-status"},
      {"a status line", "HTTP/1.1 200 OK\nContent-Type: a/b\n\n", "script-status-line"},
      {"another coding", "Content-Type: a/b\nTransfer-Encoding: gzip\n\n",
       "script-transfer-encoding"},
      {"two codings", "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n",
       "script-transfer-encoding"},
      {"too many fields", many_fields(gatehouse::base::limits::script_fields + 1) + "\n",
       "script-head-too-large"},
      {"an endless head", "X: " + std::string(gatehouse::base::limits::script_head_bytes, 'a'),
       "script-head-too-large"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const head = parse(r.text);
    REQUIRE(head.has_error());
    CHECK(head.error().status == 502);
    CHECK(head.error().reason == r.reason);
    CHECK_FALSE(head.error().help.explanation.empty());
  }
}

TEST_CASE("of a repeated Status, Location, Content-Type or Content-Length the last one counts") {
  struct row {
    std::string_view text;
    unsigned status;
    std::string_view handed_on;
  };
  row const rows[] = {
      {"Status: 404\nStatus: 403\n\n", 403, ""},
      {"Location: http://a/\nlocation: http://b/\n\n", 302, "location: http://b/; "},
      {"Content-Type: a/b\nX: y\nCONTENT-TYPE: c/d\n\n", 200, "X: y; CONTENT-TYPE: c/d; "},
      {"Content-Length: 1\nContent-Length: 2\n\n", 200, "length 2"},
      {"Content-Length: 1\nContent-Length:\n\n", 200, ""},
      {"Status: nonsense\nStatus: 200\n\n", 200, ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    auto const head = parse(r.text);
    REQUIRE(head.has_value());
    CHECK((*head)->status == r.status);
    CHECK(handed_on(r.text) == r.handed_on);
    CHECK(deviations(r.text).starts_with("script-repeated-header"));
  }
}

TEST_CASE("an empty Content-Length, or one that is no number, counts as none") {
  for (std::string_view const value : {"", " ", "-1", "x", "1.5", "99999999999999999999", "None"}) {
    CAPTURE(value);
    auto const text = "Content-Type: a/b\nContent-Length:" + std::string(value) + "\n\n";
    CHECK(handed_on(text) == "Content-Type: a/b; ");
    CHECK(deviations(text) == "script-bad-content-length");
  }
}

TEST_CASE("one empty line before the first header line is skipped") {
  struct row {
    std::string_view text;
    std::string_view handed_on;
    std::string_view rest;
  };
  row const rows[] = {
      {"\nX: y\n\nbody", "X: y; ", "body"},
      {"\r\nX: y\r\n\r\nbody", "X: y; ", "body"},
      {"\n\nX: y\n\nbody", "", "\nX: y\n\nbody"},
      {"\nhello\nX: y\n", "", "hello\nX: y\n"},
      {"\n<p>", "", "<p>"},
      {"\n \n", "", " \n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    for (bool const byte_by_byte : {false, true}) {
      script_response_parser parser;
      std::optional<response_head> head;
      std::string rest;
      for (std::size_t at = 0; at < r.text.size(); at += byte_by_byte ? 1 : r.text.size()) {
        auto const piece = byte_by_byte ? r.text.substr(at, 1) : r.text;
        if (head) {
          rest += piece;
          continue;
        }
        auto got = parser.push(piece);
        REQUIRE(got.has_value());
        head = *got;
        if (head) rest = parser.rest();
      }
      REQUIRE(head.has_value());
      CHECK(rest == r.rest);
      CHECK(handed_on(r.text) == r.handed_on);
    }
  }
}

TEST_CASE("an output that is an empty line and content without a line end has no headers") {
  for (std::string_view const text : {"\n", "\r\n", "\nhello", "\nX: y"}) {
    CAPTURE(text);
    script_response_parser parser;
    auto const pushed = parser.push(text);
    REQUIRE(pushed.has_value());
    CHECK_FALSE(pushed->has_value());
    auto const head = parser.ended();
    REQUIRE(head.has_value());
    CHECK(head->fields.empty());
    CHECK(std::string(parser.head()).append(parser.rest()) == text);
    CHECK(parser.rest() == text.substr(text.find('\n') + 1));
  }
}

TEST_CASE("a script may print a thousand fields") {
  auto const head = parse(many_fields(gatehouse::base::limits::script_fields) + "\n");
  REQUIRE(head.has_value());
  CHECK((*head)->fields.size() == 1000);
}

TEST_CASE("Transfer-Encoding: chunked says how the content is framed, and is not handed on") {
  auto const head = parse("Content-Type: a/b\nTransfer-Encoding: Chunked\nContent-Length: 4\n\n");
  REQUIRE(head.has_value());
  CHECK((*head)->chunked);
  CHECK_FALSE((*head)->content_length.has_value());
  CHECK(handed_on("Content-Type: a/b\nTransfer-Encoding: chunked\n\n") == "Content-Type: a/b; ");
}

TEST_CASE("what deviates from RFC 3875 is accepted and told") {
  struct row {
    std::string_view text;
    std::string_view told;
  };
  row const rows[] = {
      {"Content-Type: a/b\n\n", ""},
      {"Status: 302 Found\nLocation: ../a#b\nContent-Type: a/b\nSet-Cookie: c=d\n\n", ""},
      {"Location: /a?b\n\n", ""},
      {"Location: http://h/\n\n", ""},
      {"Content-Type: a/b\nDate: now\nServer: mine\n\n", ""},
      {"\nContent-Type: a/b\n\n", "script-early-blank-line"},
      {"Status: 200\nStatus: 200\nStatus: 200\n\n", "script-repeated-header"},
      {"Status: 700\n\n", "script-odd-status"},
      {"Location: /a\nSet-Cookie: b=c\n\n", "script-location"},
      {"Location: /a#b\n\n", "script-location"},
      {"Location: a\n\n", "script-location"},
      {"Location: //h/\n\n", "script-location"},
      {"Location:\n\n", "script-location"},
      {"Location: http://h/\nContent-Type: a/b\n\n", "script-location"},
      {"Transfer-Encoding: chunked\n\n", "script-transfer-encoding"},
      {"Transfer-Encoding: chunked\nContent-Length: 1\n\n",
       "script-transfer-encoding script-repeated-framing"},
      {"Content-Type: a/b\nConnection: close\nKeep-Alive: 5\n\n",
       "script-connection-header script-connection-header"},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    CHECK(deviations(r.text) == r.told);
  }
}

TEST_CASE("the client gets the script's fields without those that are the server's") {
  auto const head = parse(
      "Status: 201 Made\nContent-Type: a/b\nContent-Length: 3\nSet-Cookie: a=1\nSet-Cookie: b=2\n"
      "Connection: close, X-Hop\nX-Hop: 1\nKeep-Alive: 5\nUpgrade: x\nDate: now\nServer: mine\n\n");
  REQUIRE(head.has_value());
  auto const& got = **head;
  CHECK(got.phrase == "Made");
  CHECK(got.content_length.value_or(0) == 3);
  CHECK(got.has_content_type);
  CHECK(got.fields.count("Set-Cookie") == 2);
  for (auto const* const name : {"Status", "Content-Length", "Connection", "X-Hop", "Keep-Alive",
                                 "Upgrade", "Date", "Server"}) {
    CAPTURE(std::string_view(name));
    CHECK_FALSE(got.fields.contains(name));
  }
}

TEST_CASE("a script's Connection takes nothing away that the response is made of") {
  auto const head = parse(
      "Connection: Location, Status, Content-Type, Content-Length, X\nStatus: 303\nLocation: /a\n"
      "Content-Type: a/b\nContent-Length: 0\nX: y\n\n");
  REQUIRE(head.has_value());
  auto const& got = **head;
  CHECK(got.kind == response_kind::client_redirect);
  CHECK(got.status == 303);
  CHECK(got.content_length.has_value());
  CHECK(got.fields.size() == 2);
  CHECK(got.fields.find("Location").value_or("-") == "/a");
  CHECK(got.fields.find("Content-Type").value_or("-") == "a/b");
}

TEST_CASE("a head that comes byte by byte is the same, and what follows is the content") {
  std::string_view const text = "Content-Type: text/plain\r\nX-A: b\r\n\r\nbody";
  script_response_parser parser;
  std::size_t used = 0;
  std::optional<response_head> head;
  while (!head && used < text.size()) {
    auto const step = parser.push(text.substr(used++, 1));
    REQUIRE(step.has_value());
    head = *step;
  }
  REQUIRE(head.has_value());
  CHECK(parser.rest().empty());
  CHECK(text.substr(used) == "body");
  CHECK(head->fields.find("X-A").value_or("-") == "b");

  script_response_parser at_once;
  REQUIRE(at_once.push(text).has_value());
  CHECK(at_once.rest() == "body");
}

TEST_CASE("an output that ends early says how") {
  script_response_parser nothing;
  CHECK(nothing.ended().error().reason == "script-no-output");
  script_response_parser some;
  REQUIRE(some.push("Content-Type: text/plain\n").has_value());
  CHECK(some.ended().error().reason == "script-no-blank-line");
}

TEST_CASE("the line that is at fault is marked, and stands in the excerpt") {
  std::string const long_line = "X: " + std::string(150, 'a') + "\n";
  struct row {
    std::string_view label;
    std::string text;
    std::size_t marked;
    std::size_t first;  // of the excerpt
  };
  row const rows[] = {
      {"the first", "hello\n", 1, 1},
      {"one further down", "Content-Type: a/b\nX: a\rb\n\n", 2, 1},
      {"one behind long ones", long_line + long_line + long_line + "Y: z\nno colon\n", 5, 4},
      {"one right behind a long one", long_line + long_line + "no colon\n", 3, 3},
      {"one that is seen with the whole head", "X: y\nStatus: OK\nY: z\n\n", 2, 1},
      {"one behind an empty line", "\nX: y\nStatus: OK\n\n", 3, 1},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    script_response_parser parser;
    auto const head = parser.push(r.text);
    REQUIRE(head.has_error());
    auto error = head.error();
    parser.explain(error, "");
    CHECK(error.help.marked_line == r.marked);
    CHECK(error.help.excerpt_line == r.first);
    CHECK(error.detail.find("(line " + std::to_string(r.marked) + ")") != std::string::npos);
    CHECK(error.help.output_excerpt.size() <= gatehouse::base::limits::output_excerpt_bytes);
    CHECK(r.text.find(error.help.output_excerpt) != std::string::npos);
  }
}

TEST_CASE("headers that come behind other output came too late, and the error says so") {
  struct row {
    std::string_view text;
    std::string_view more;
    std::string_view reason;
  };
  row const rows[] = {
      {"total 0\n", "-rw- a\nContent-Type: a/b\n\nbody", "script-late-headers"},
      // These are the script's own, and have an explanation of their own.
      {"Status: OK\nContent-Type: a/b\n\nbody", "", "script-bad-status"},
      {"HTTP/1.1 200 OK\nContent-Type: a/b\n\nbody", "", "script-status-line"},
      {"a b: c\ncontent-type:x\n\n", "", "script-late-headers"},
      {"total 0\nContent-", "Type: a/b\n\n", "script-late-headers"},
      {"total 0\n", "no more\n", "script-no-blank-line"},
      {"Content-Type: a/b\nhello\n", "bye\n", "script-no-blank-line"},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    script_response_parser parser;
    auto const head = parser.push(r.text);
    REQUIRE(head.has_error());
    auto error = head.error();
    parser.explain(error, r.more);
    CHECK(error.reason == r.reason);
  }
  script_response_parser parser;
  auto error = parser.push("total 0\n").error();
  parser.explain(error, "Content-Type: a/b\n\n");
  CHECK(error.help.explanation.find("line 2") != std::string::npos);
  CHECK(error.help.explanation.find("flush") != std::string::npos);
}

TEST_CASE("a header block without its empty line is no head") {
  for (std::string_view const block : {"", "Status: 200\n", "Status: 200", "Status: 200\n\r"}) {
    CAPTURE(block);
    auto const head = gatehouse::gateway::parse_response_head(block);
    REQUIRE(head.has_error());
    CHECK(head.error().reason == "script-no-blank-line");
  }
}

TEST_CASE("what becomes of each header line is told") {
  struct row {
    std::string_view block;
    std::string_view expected;  // of each line, the first word of what is told
  };
  row const rows[] = {
      {"Content-Type: t\r\n\r\n", "Content-Type: t=Handed "},
      {"Status: 404\nContent-Type: t\nX: y\nContent-Length: 2\nConnection: close\n\n",
       "Status: 404=Becomes Content-Type: t=Handed X: y=Handed Content-Length: 2=Says "
       "Connection: close=Dropped: "},
      {"Location: /there\n\n", "Location: /there=The "},
      {"\nStatus: 404\nStatus: 403\nContent-Length:\nDate: x\n\n",
       "Status: 404=Not Status: 403=Becomes Content-Length:=Not Date: x=Dropped: "},
      {"Transfer-Encoding: chunked\nContent-Length: 3\n\n",
       "Transfer-Encoding: chunked=Taken Content-Length: 3=Not "},
      {"Location: http://h/\n\n", "Location: http://h/=Handed "},
      {"X: y\nno colon\n\n", "X: y=Read; no colon=At "},
      {"\nX: y\nStatus: no\nZ: z\n\n", "X: y=Read; Status: no=At Z: z=Read; "},
      {"X: y\nZ: unfinished", "X: y=Read; Z: unfinished=Read; "},
  };
  for (row const& r : rows) {
    std::vector<gatehouse::gateway::header_use> uses;
    static_cast<void>(gatehouse::gateway::parse_response_head(r.block, &uses));
    std::string told;
    for (auto const& use : uses) {
      told.append(r.block.substr(use.start, use.end - use.start)).append("=");
      told.append(use.meaning.substr(0, use.meaning.find(' '))).append(" ");
    }
    CHECK(told == r.expected);
  }
}
