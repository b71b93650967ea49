#include "gatehouse/http/percent.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;

TEST_CASE("percent-encoding is undone once") {
  struct row {
    char const* text;
    std::optional<std::string> expected;
  };
  row const rows[] = {
      {"", ""},
      {"abc", "abc"},
      {"%41%4a%4A", "AJJ"},
      {"a+b", "a+b"},
      {"%2541", "%41"},
      {"%C3%A9", "\xC3\xA9"},
      {"%00", std::string(1, '\0')},
      {"%ff", "\xFF"},
      {"%", std::nullopt},
      {"%4", std::nullopt},
      {"a%4", std::nullopt},
      {"%4g", std::nullopt},
      {"%g4", std::nullopt},
      {"%%41", std::nullopt},
      {"% 1", std::nullopt},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.text));
    CHECK((percent_decoded(r.text) == r.expected));
  }
}

TEST_CASE("a path is encoded so that it means only itself") {
  struct row {
    char const* path;
    char const* expected;
  };
  row const rows[] = {
      {"/a/b.txt", "/a/b.txt"},
      {"/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"},
      {"/a b", "/a%20b"},
      {"/100%", "/100%25"},
      {"/a?b#c", "/a%3Fb%23c"},
      {"/a\r\nb", "/a%0D%0Ab"},
      {"/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D"},
      {"/[]", "/%5B%5D"},
      {"/caf\xC3\xA9", "/caf%C3%A9"},
      {"", ""},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.path));
    CHECK(percent_encoded_path(r.path) == r.expected);
  }
}

TEST_CASE("every byte survives encoding and decoding") {
  std::string bytes;
  for (int b = 0; b < 256; ++b) bytes += static_cast<char>(b);
  CHECK((percent_decoded(percent_encoded_path(bytes)) == bytes));
}
