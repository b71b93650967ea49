#include "gatehouse/http/target.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;

TEST_CASE("a target that is sound is decoded and normalised") {
  struct row {
    std::string_view label;
    char const* text;
    char const* path;
    char const* query;
  };
  row const rows[] = {
      {"the root", "/", "/", ""},
      {"a query is kept as sent", "/a?x=%20y+z", "/a", "x=%20y+z"},
      {"a question mark in the query", "/a?b?c", "/a", "b?c"},
      {"decoded once only", "/%2561", "/%61", ""},
      {"an encoded slash is a slash", "/a%2Fb", "/a/b", ""},
      {"a dot segment", "/a/./b", "/a/b", ""},
      {"a dot segment at the end", "/a/.", "/a/", ""},
      {"up and down", "/a/../b", "/b", ""},
      {"up at the end", "/a/b/..", "/a/", ""},
      {"encoded dots", "/a/%2e%2E/b", "/b", ""},
      {"repeated slashes stay", "/a//b", "/a//b", ""},
      {"three dots are a name", "/.../x", "/.../x", ""},
      {"what browsers leave unencoded", "/a|b[1]?q[]=^", "/a|b[1]", "q[]=^"},
      {"bytes over 0x7F", "/caf\xC3\xA9", "/caf\xC3\xA9", ""},
      {"absolute-form", "http://h:81/p?q", "/p", "q"},
      {"absolute-form without a path", "http://h?q", "/", "q"},
      {"absolute-form, upper case", "HTTP://H/p", "/p", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const parsed = parse_target("GET", r.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->path == r.path);
    CHECK(parsed->query == r.query);
  }
}

TEST_CASE("a target that is not sound is refused with its reason") {
  struct row {
    std::string_view label;
    char const* method;
    std::string text;
    unsigned status;
    char const* reason;
  };
  row const rows[] = {
      {"above the root", "GET", "/..", 400, "target-escapes-root"},
      {"above the root, encoded", "GET", "/%2e%2e/etc/passwd", 400, "target-escapes-root"},
      {"above the root, by an encoded slash", "GET", "/a/..%2f..%2fb", 400, "target-escapes-root"},
      {"above the root, then back", "GET", "/../a", 400, "target-escapes-root"},
      {"half an escape", "GET", "/%4", 400, "bad-target"},
      {"no escape", "GET", "/%zz", 400, "bad-target"},
      {"NUL", "GET", "/a%00b", 400, "bad-target"},
      {"a fragment", "GET", "/a#b", 400, "bad-target"},
      {"no slash", "GET", "a", 400, "bad-target"},
      {"another scheme", "GET", "ftp://h/", 400, "bad-target"},
      {"no host", "GET", "http:///a", 400, "bad-target"},
      {"user information", "GET", "http://u@h/", 400, "bad-target"},
      {"asterisk with GET", "GET", "*", 400, "bad-target"},
      {"CONNECT", "CONNECT", "h:443", 501, "method-not-implemented"},
      {"too long", "GET", "/" + std::string(9000, 'a'), 414, "target-too-long"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const parsed = parse_target(r.method, r.text);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().status == r.status);
    CHECK(parsed.error().reason == r.reason);
  }
}

TEST_CASE("an absolute-form tells its scheme, and no other form does") {
  CHECK(parse_target("GET", "http://h/")->scheme == target_scheme::http);
  CHECK(parse_target("GET", "HTTPS://h/")->scheme == target_scheme::https);
  CHECK(parse_target("GET", "/https://h/")->scheme == target_scheme::none);
}

TEST_CASE("OPTIONS may ask about the server as a whole") {
  auto const parsed = parse_target("OPTIONS", "*");
  REQUIRE(parsed.has_value());
  CHECK(parsed->form == target_form::asterisk);
}

TEST_CASE("path_below matches whole segments and takes runs of slashes as one") {
  struct row {
    std::string_view label;
    char const* path;
    char const* prefix;
    char const* rest;  // nullptr: not below
  };
  row const rows[] = {
      {"the root matches all", "/a", "", "/a"},
      {"equal", "/a", "/a", ""},
      {"below", "/a/b", "/a", "/b"},
      {"its directory", "/a/", "/a", "/"},
      {"a longer name", "/ab", "/a", nullptr},
      {"a doubled slash", "//a//b", "/a", "//b"},
      {"two segments", "/a///b/c", "/a/b", "/c"},
      {"too short", "/a", "/a/b", nullptr},
      {"another case", "/A", "/a", nullptr},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const rest = path_below(r.path, r.prefix);
    CHECK(rest.has_value() == (r.rest != nullptr));
    if (rest && r.rest != nullptr) CHECK(*rest == r.rest);
  }
}

TEST_CASE("a Host field is split or refused") {
  struct row {
    char const* text;
    char const* host;  // nullptr: malformed
    char const* port;
  };
  row const rows[] = {
      {"Example.ORG", "example.org", ""},
      {"h:8000", "h", "8000"},
      {"h:", "h", ""},
      {"[::1]:80", "[::1]", "80"},
      {"[::1]", "[::1]", ""},
      {"127.0.0.1:1", "127.0.0.1", "1"},
      {"", nullptr, ""},
      {":80", nullptr, ""},
      {"h:x", nullptr, ""},
      {"h:99999", nullptr, ""},
      {"a b", nullptr, ""},
      {"u@h", nullptr, ""},
      {"h/p", nullptr, ""},
      {"h:80:80", nullptr, ""},
      {"[::1", nullptr, ""},
      {"a_b.example", "a_b.example", ""},
      {"h.:80", "h", "80"},
      {".", nullptr, ""},
      {".h", nullptr, ""},
      {"h..", nullptr, ""},
      {"a..b", nullptr, ""},
      {"a,b", nullptr, ""},
      {"$(id)", nullptr, ""},
      {"a'b", nullptr, ""},
      {"%61", nullptr, ""},
      {"[v1.x]", nullptr, ""},
      {"[::1%25lo]", nullptr, ""},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.text));
    auto const parsed = parse_host(r.text);
    CHECK(parsed.has_value() == (r.host != nullptr));
    if (parsed && r.host != nullptr) {
      CHECK(parsed->host == r.host);
      CHECK(parsed->port == r.port);
    }
  }
}
