#include "gatehouse/http/grammar.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gatehouse::http;

TEST_CASE("a token has token characters and is not empty") {
  struct row {
    std::string_view text;
    bool expected;
  };
  row const rows[] = {
      {"GET", true},      {"x-1", true},    {"!#$%&'*+-.^_`|~", true},
      {"", false},        {"a b", false},   {"a:", false},
      {"a/b", false},     {"\"a\"", false}, {"a\x7F", false},
      {"caf\xC3", false}, {"a\t", false},   {"(a)", false},
      {"a,b", false},     {"a;b", false},   {"a=b", false},
      {"a@b", false},     {"a\r\n", false}, {"[a]", false},
      {"{a}", false},     {"a\\b", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    CHECK(is_token(r.text) == r.expected);
  }
  CHECK_FALSE(is_token(std::string_view("a\0b", 3)));
}

TEST_CASE("comparison without case knows ASCII letters only") {
  CHECK(iequals("Content-Type", "cONTENT-tYPE"));
  CHECK(iequals("", ""));
  CHECK_FALSE(iequals("a", "ab"));
  CHECK_FALSE(iequals("@", "`"));
  CHECK_FALSE(iequals("[", "{"));
  CHECK_FALSE(iequals("\xC3\x89", "\xC3\xA9"));
}

TEST_CASE("optional whitespace is taken off both ends") {
  CHECK(trim_ows(" \ta b\t ") == "a b");
  CHECK(trim_ows("a") == "a");
  CHECK(trim_ows(" \t ").empty());
  CHECK(trim_ows("").empty());
  CHECK(trim_ows("\r\na") == "\r\na");
}

TEST_CASE("a list is split at the commas that are not quoted") {
  struct row {
    std::string_view label;
    char const* value;
    std::vector<std::string_view> expected;
  };
  row const rows[] = {
      {"empty", "", {}},
      {"one", "a", {"a"}},
      {"two", "a,b", {"a", "b"}},
      {"space around", " a , b\t", {"a", "b"}},
      {"empty elements", ",a,, ,b,", {"a", "b"}},
      {"only commas", ", ,", {}},
      {"a quoted comma", "\"a,b\", c", {"\"a,b\"", "c"}},
      {"an escaped quote", "\"a\\\",b\",c", {"\"a\\\",b\"", "c"}},
      {"a quote without end", "\"a,b", {"\"a,b"}},
      {"an escape without end", "\"a\\", {"\"a\\"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK((list_elements(r.value) == r.expected));
  }
}

TEST_CASE("a decimal number has digits only and fits") {
  struct row {
    char const* text;
    std::optional<std::uint64_t> expected;
  };
  row const rows[] = {
      {"0", 0},
      {"007", 7},
      {"18446744073709551615", 18446744073709551615U},
      {"18446744073709551616", std::nullopt},
      {"99999999999999999999", std::nullopt},
      {"", std::nullopt},
      {"+1", std::nullopt},
      {"-1", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"0x1", std::nullopt},
      {"1,1", std::nullopt},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.text));
    CHECK((parse_decimal(r.text) == r.expected));
  }
}
