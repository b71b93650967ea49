#include "gatehouse/http/conditions.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;
using namespace std::chrono;

namespace {

constexpr sys_seconds modified = sys_days(2024y / May / 1) + hours(12);
constexpr sys_seconds now = sys_days(2026y / July / 1);
constexpr char at[] = "Wed, 01 May 2024 12:00:00 GMT";
constexpr char before[] = "Wed, 01 May 2024 11:59:59 GMT";
constexpr char after[] = "Wed, 01 May 2024 12:00:01 GMT";

validators const current{"\"a\"", modified};

struct field_row {
  char const* name;
  char const* value;
};

request request_with(char const* method, std::initializer_list<field_row> fields) {
  request r;
  r.method = method;
  for (auto const& f : fields) r.fields.add(f.name, f.value);
  return r;
}

}  // namespace

TEST_CASE("a request is conditional by any of its If- fields") {
  for (std::string_view const name :
       {"If-Match", "if-none-match", "IF-MODIFIED-SINCE", "If-Unmodified-Since", "If-Range"}) {
    CAPTURE(name);
    request r;
    r.fields.add("Host", "h");
    CHECK_FALSE(is_conditional(r));
    r.fields.add(name, "x");
    CHECK(is_conditional(r));
  }
}

TEST_CASE("preconditions are evaluated in the order of RFC 9110") {
  using enum precondition;
  struct row {
    std::string_view label;
    char const* method;
    std::initializer_list<field_row> fields;
    precondition expected;
  };
  row const rows[] = {
      {"none", "GET", {}, pass},
      {"If-Match the same", "GET", {{"If-Match", "\"a\""}}, pass},
      {"If-Match another", "GET", {{"If-Match", "\"b\""}}, failed},
      {"If-Match in a list", "GET", {{"If-Match", "\"b\" , ,\"a\""}}, pass},
      {"If-Match in two fields", "GET", {{"If-Match", "\"b\""}, {"If-Match", "\"a\""}}, pass},
      {"If-Match any", "GET", {{"If-Match", " * "}}, pass},
      {"If-Match is strong", "GET", {{"If-Match", "W/\"a\""}}, failed},
      {"If-Match malformed", "GET", {{"If-Match", "a"}}, failed},
      {"If-Match empty", "GET", {{"If-Match", ""}}, failed},
      {"If-Match, for PUT as well", "PUT", {{"If-Match", "\"b\""}}, failed},
      {"unmodified since, before", "GET", {{"If-Unmodified-Since", before}}, failed},
      {"unmodified since, at", "GET", {{"If-Unmodified-Since", at}}, pass},
      {"unmodified since, after", "GET", {{"If-Unmodified-Since", after}}, pass},
      {"unmodified since, no date", "GET", {{"If-Unmodified-Since", "yesterday"}}, pass},
      {"If-Match outranks If-Unmodified-Since",
       "GET",
       {{"If-Match", "\"a\""}, {"If-Unmodified-Since", before}},
       pass},
      {"If-None-Match the same", "GET", {{"If-None-Match", "\"a\""}}, not_modified},
      {"If-None-Match, HEAD", "HEAD", {{"If-None-Match", "\"a\""}}, not_modified},
      {"If-None-Match is weak", "GET", {{"If-None-Match", "W/\"a\""}}, not_modified},
      {"If-None-Match any", "GET", {{"If-None-Match", "*"}}, not_modified},
      {"If-None-Match another", "GET", {{"If-None-Match", "\"b\""}}, pass},
      {"If-None-Match in a list", "GET", {{"If-None-Match", "\"b\",W/\"c\",\"a\""}}, not_modified},
      {"a tag may hold a comma", "GET", {{"If-None-Match", "\"b,\", \"a\""}}, not_modified},
      {"a tag knows no escape", "GET", {{"If-None-Match", "\"b\\\", \"a\""}}, not_modified},
      {"tags run together", "GET", {{"If-None-Match", "\"b\"\"a\""}}, pass},
      {"a tag without end", "GET", {{"If-None-Match", "\"a"}}, pass},
      {"lower-case w", "GET", {{"If-None-Match", "w/\"a\""}}, pass},
      {"If-None-Match, another method", "PUT", {{"If-None-Match", "\"a\""}}, failed},
      {"modified since, before", "GET", {{"If-Modified-Since", before}}, pass},
      {"modified since, at", "GET", {{"If-Modified-Since", at}}, not_modified},
      {"modified since, after", "HEAD", {{"If-Modified-Since", after}}, not_modified},
      {"modified since, padded",
       "GET",
       {{"If-Modified-Since", " Wed, 01 May 2024 12:00:00 GMT "}},
       not_modified},
      {"modified since, no date", "GET", {{"If-Modified-Since", "0"}}, pass},
      {"modified since, twice",
       "GET",
       {{"If-Modified-Since", at}, {"If-Modified-Since", at}},
       pass},
      {"modified since, another method", "POST", {{"If-Modified-Since", at}}, pass},
      {"If-None-Match outranks If-Modified-Since",
       "GET",
       {{"If-None-Match", "\"b\""}, {"If-Modified-Since", at}},
       pass},
      {"412 comes before 304", "GET", {{"If-Match", "\"b\""}, {"If-None-Match", "\"a\""}}, failed},
      {"both hold", "GET", {{"If-Match", "\"a\""}, {"If-None-Match", "\"a\""}}, not_modified},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK((evaluate(request_with(r.method, r.fields), current, now) == r.expected));
  }
}

TEST_CASE("a range applies to the representation that If-Range names") {
  struct row {
    std::string_view label;
    char const* method;
    std::initializer_list<field_row> fields;
    bool expected;
  };
  row const rows[] = {
      {"no If-Range", "GET", {}, true},
      {"HEAD has no ranges", "HEAD", {}, false},
      {"the same tag", "GET", {{"If-Range", "\"a\""}}, true},
      {"another tag", "GET", {{"If-Range", "\"b\""}}, false},
      {"a weak tag", "GET", {{"If-Range", "W/\"a\""}}, false},
      {"two tags", "GET", {{"If-Range", "\"a\", \"b\""}}, false},
      {"the exact date", "GET", {{"If-Range", at}}, true},
      {"an earlier date", "GET", {{"If-Range", before}}, false},
      {"a later date", "GET", {{"If-Range", after}}, false},
      {"no date", "GET", {{"If-Range", "*"}}, false},
      {"empty", "GET", {{"If-Range", ""}}, false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(range_applies(request_with(r.method, r.fields), current, now) == r.expected);
  }
}

TEST_CASE("a date of the running second is no strong validator") {
  auto const r = request_with("GET", {{"If-Range", at}});
  CHECK_FALSE(range_applies(r, current, modified));
  CHECK(range_applies(r, current, modified + seconds(1)));
}
