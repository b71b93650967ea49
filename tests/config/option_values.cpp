#include "gatehouse/config/option_values.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::config;
using namespace std::chrono_literals;

TEST_CASE("a size is digits and at most one unit") {
  struct row {
    std::string_view text;
    std::optional<std::uint64_t> bytes;
  };
  row const rows[] = {
      {"0", 0},
      {"4096", 4096},
      {"64k", 65536},
      {"64K", 65536},
      {"10M", 10485760},
      {"1G", 1073741824},
      {"8589934591G", 9223372035781033984ULL},
      {"8589934592G", std::nullopt},
      {"99999999999999999999", std::nullopt},
      {"", std::nullopt},
      {"k", std::nullopt},
      {"1T", std::nullopt},
      {"1kB", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {"1.5k", std::nullopt},
      {"1 k", std::nullopt},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    CHECK(parse_size(r.text) == r.bytes);
  }
}

TEST_CASE("a time is digits and a unit, seconds without one") {
  struct row {
    std::string_view text;
    std::optional<std::chrono::milliseconds> time;
  };
  row const rows[] = {
      {"0", 0ms},
      {"30", 30s},
      {"250ms", 250ms},
      {"30s", 30s},
      {"5m", 5min},
      {"2h", 2h},
      {"8784h", 8784h},
      {"8785h", std::nullopt},
      {"99999999999999999999s", std::nullopt},
      {"", std::nullopt},
      {"s", std::nullopt},
      {"1d", std::nullopt},
      {"1.5s", std::nullopt},
      {"-1s", std::nullopt},
      {"1 s", std::nullopt},
      {"1S", std::nullopt},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    CHECK(parse_time(r.text) == r.time);
  }
}

TEST_CASE("names of variables and extensions are held to their form") {
  for (std::string_view const good : {"PATH", "_", "a1", "A_B"}) {
    CAPTURE(good);
    CHECK(is_environment_name(good));
  }
  for (std::string_view const bad : {"", "1A", "A-B", "A B", "A=B", "\xC3\x84"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_environment_name(bad));
  }
  for (std::string_view const good : {".cgi", ".tar.gz"}) {
    CAPTURE(good);
    CHECK(is_extension(good));
  }
  for (std::string_view const bad : {"", ".", "cgi", "./a"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_extension(bad));
  }
}

TEST_CASE("a host name is told from an address that is wrong") {
  for (auto const* const name : {"localhost", "a", "web-1.example.org", "10.example", "_x"}) {
    CAPTURE(name);
    CHECK(is_host_name(name));
  }
  for (auto const* const none : {"", ".", "a.", ".a", "a..b", "127.0.1", "256.0.0.1", "8000", "a b",
                                 "a/b", "a:80", "::g", "[::1]"}) {
    CAPTURE(none);
    CHECK_FALSE(is_host_name(none));
  }
}

TEST_CASE("a list is split at commas and trimmed") {
  CHECK(split_list("a").size() == 1);
  CHECK(split_list("").front().empty());
  auto const parts = split_list(" a , b,,c");
  REQUIRE(parts.size() == 4);
  CHECK(parts[0] == "a");
  CHECK(parts[1] == "b");
  CHECK(parts[2].empty());
  CHECK(parts[3] == "c");
}

TEST_CASE("words are split at blanks, and quotes hold them together") {
  using words = std::vector<std::string>;
  struct row {
    std::string_view text;
    std::optional<words> expected;
  };
  row const rows[] = {
      {"", words{}},
      {" \t ", words{}},
      {"/bin/sh", words{"/bin/sh"}},
      {"  /bin/sh\t-e  -u ", words{"/bin/sh", "-e", "-u"}},
      {"\"/opt/my tool\" -x", words{"/opt/my tool", "-x"}},
      {"-d=\"a b\"c", words{"-d=a bc"}},
      {"a \"\"", words{"a", ""}},
      {"a\\ b", words{"a\\", "b"}},
      {"a \"b", std::nullopt},
  };
  for (row const& r : rows) {
    CAPTURE(r.text);
    CHECK(split_words(r.text) == r.expected);
  }
}
