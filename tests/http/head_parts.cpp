#include "gatehouse/http/head_parts.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gatehouse;
using part = http::head_part;

namespace {

std::string found(std::string_view head, http::head_source const& source) {
  std::string out;
  for (auto const& span : http::find_source(head, source)) {
    out.append(out.empty() ? "" : "|").append(head.substr(span.start, span.end - span.start));
  }
  return out;
}

}  // namespace

TEST_CASE("the parts of a request head are found as bytes") {
  constexpr std::string_view plain = "GET /a/b/c?d=/e HTTP/1.1\r\nHost: h\r\nX: 1\r\nx: 2\r\n\r\n";
  struct row {
    std::string_view label;
    std::string_view head;
    http::head_source source;
    std::string_view expected;
  };
  row const rows[] = {
      {"nothing", plain, {part::none, {}, 0}, ""},
      {"method", plain, {part::method, {}, 0}, "GET"},
      {"target", plain, {part::target, {}, 0}, "/a/b/c?d=/e"},
      {"version", plain, {part::version, {}, 0}, "HTTP/1.1"},
      {"path", plain, {part::path, {}, 0}, "/a/b/c"},
      {"two segments", plain, {part::path, {}, 2}, "/a/b"},
      {"the rest", plain, {part::path_rest, {}, 2}, "/c"},
      {"more segments than there are", plain, {part::path, {}, 9}, "/a/b/c"},
      {"query", plain, {part::query, {}, 0}, "d=/e"},
      {"no query", "GET /a HTTP/1.1\r\n\r\n", {part::query, {}, 0}, ""},
      {"an empty query", "GET /a? HTTP/1.1\r\n\r\n", {part::query, {}, 0}, ""},
      {"a field, in any case", plain, {part::field, "x", 0}, "X: 1|x: 2"},
      {"a field that is not there", plain, {part::field, "Y", 0}, ""},
      {"no authority", plain, {part::authority, {}, 0}, ""},
      {"authority", "GET http://h:1/p HTTP/1.1\r\n\r\n", {part::authority, {}, 0}, "h:1"},
      {"its path", "GET http://h:1/p HTTP/1.1\r\n\r\n", {part::path, {}, 0}, "/p"},
      {"authority alone", "GET http://h HTTP/1.1\r\n\r\n", {part::authority, {}, 0}, "h"},
      {"dot segments", "GET /a/../b/c HTTP/1.1\r\n\r\n", {part::path, {}, 1}, "/a/../b/c"},
      {"an encoded slash is none", "GET /a%2Fb/c HTTP/1.1\r\n\r\n", {part::path, {}, 1}, "/a%2Fb"},
      {"bare line feeds", "GET /a HTTP/1.1\nX: 1\n\n", {part::field, "X", 0}, "X: 1"},
      {"no head", "", {part::method, {}, 0}, ""},
      {"half a line", "GET", {part::method, {}, 0}, ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(found(r.head, r.source) == r.expected);
  }
}
