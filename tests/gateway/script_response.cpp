#include "gatehouse/gateway/script_response.hpp"

#include <doctest/doctest.h>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse::gateway;

namespace {

gatehouse::http::result<std::optional<response_head>> parse(std::string_view text) {
  script_response_parser parser;
  return parser.push(text);
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
      {"a client redirect", "Location: http://h/a\n\n", response_kind::client_redirect, 302},
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
      {"no CGI field", "X-A: b\n\n", "script-no-content-type"},
      {"no header at all", "\nhello", "script-no-content-type"},
      {"content first", "<html>\n", "script-no-blank-line"},
      {"a line without a colon", "Content-Type: a/b\nhello\n", "script-no-blank-line"},
      {"a bad name", "Content Type: a/b\n\n", "script-bad-header"},
      {"no name", ": a\n\n", "script-bad-header"},
      {"space before the colon", "Content-Type : a/b\n\n", "script-bad-header"},
      {"a bare CR", "Content-Type: a/b\rX: y\n\n", "script-bad-header"},
      {"a NUL", std::string("Content-Type: a\0b\n\n", 19), "script-bad-header"},
      {"a control character", "Content-Type: a\x1b[0m\n\n", "script-bad-header"},
      {"a folded line", "Content-Type: a/b\n c: d\n\n", "script-bad-header"},
      {"Status twice", "Status: 200\nStatus: 200\n\n", "script-repeated-header"},
      {"Location twice", "Location: /a\nlocation: /a\n\n", "script-repeated-header"},
      {"Content-Type twice", "Content-Type: a/b\nContent-Type: a/b\n\n", "script-repeated-header"},
      {"Content-Length twice", "Content-Type: a/b\nContent-Length: 1\nContent-Length: 1\n\n",
       "script-repeated-header"},
      {"Status with words", "Status: OK\n\n", "script-bad-status"},
      {"Status with two digits", "Status: 20\n\n", "script-bad-status"},
      {"Status with four digits", "Status: 2000\n\n", "script-bad-status"},
      {"an interim status", "Status: 100\n\n", "script-bad-status"},
      {"a status over 599", "Status: 600\n\n", "script-bad-status"},
      {"a bad length", "Content-Type: a/b\nContent-Length: -1\n\n", "script-bad-content-length"},
      {"Transfer-Encoding", "Content-Type: a/b\nTransfer-Encoding: chunked\n\n",
       "script-transfer-encoding"},
      {"a local redirect with a Content-Type", "Location: /a\nContent-Type: a/b\n\n",
       "script-bad-location"},
      {"a local redirect with another field", "Location: /a\nX-A: b\n\n", "script-bad-location"},
      {"an empty Location", "Location:\n\n", "script-bad-location"},
      {"a relative Location", "Location: a/b\n\n", "script-bad-location"},
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

TEST_CASE("the client gets the script's fields without those that are the server's") {
  auto const head = parse(
      "Status: 201 Made\nContent-Type: a/b\nContent-Length: 3\nSet-Cookie: a=1\nSet-Cookie: b=2\n"
      "Connection: close, X-Hop\nX-Hop: 1\nKeep-Alive: 5\nUpgrade: x\n\n");
  REQUIRE(head.has_value());
  auto const& got = **head;
  CHECK(got.phrase == "Made");
  CHECK(got.content_length.value_or(0) == 3);
  CHECK(got.has_content_type);
  CHECK(got.fields.count("Set-Cookie") == 2);
  for (auto const* const name :
       {"Status", "Content-Length", "Connection", "X-Hop", "Keep-Alive", "Upgrade"}) {
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
  CHECK(nothing.ended().reason == "script-no-output");
  script_response_parser some;
  REQUIRE(some.push("Content-Type: text/plain\n").has_value());
  CHECK(some.ended().reason == "script-no-blank-line");
  CHECK(some.excerpt() == "Content-Type: text/plain\n");
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
      {"Location: http://h/\n\n", "Location: http://h/=Handed "},
      {"X: y\nno colon\n\n", "X: y=Read; no colon=Read; "},
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
