#include "gatehouse/base/secrets.hpp"

#include <doctest/doctest.h>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse::base;

TEST_CASE("a secret is taken out of a text, also where its end was cut off") {
  keep_secret("a-secret-of-this-test");
  keep_secret("another-one-of-its-kind");
  struct row {
    std::string_view label;
    std::string_view text;
    std::string_view expected;  // empty: the text has none
  };
  row const rows[] = {
      {"alone", "a-secret-of-this-test", "***"},
      {"within", "GET /-/?token=a-secret-of-this-test HTTP/1.9", "GET /-/?token=*** HTTP/1.9"},
      {"several times", "a-secret-of-this-test,a-secret-of-this-test", "***,***"},
      {"several", "another-one-of-its-kind a-secret-of-this-test", "*** ***"},
      {"cut off", "Cookie: x=a-secret-of-t", "Cookie: x=***"},
      {"cut off and quoted", "\"a-secret\\n", "\"***\\n"},
      {"what begins like it", "a-secret-of-mine", "***mine"},
      {"too little of it", "a-secre", ""},
      {"none", "GET / HTTP/1.1", ""},
      {"empty", "", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const cleared = without_secrets(r.text);
    REQUIRE(cleared.has_value() == !r.expected.empty());
    if (cleared) CHECK(*cleared == r.expected);
  }
}

TEST_CASE("the latest secrets are known, and one that is too short is none") {
  keep_secret("short");
  CHECK_FALSE(without_secrets("short"));
  auto const secret = [](std::size_t i) { return std::to_string(1000 + i) + "-of-many-secrets"; };
  for (std::size_t i = 0; i <= limits::secrets_kept; ++i) keep_secret(secret(i));
  CHECK(without_secrets(secret(1)) == "***");
  CHECK(without_secrets(secret(limits::secrets_kept)) == "***");
  CHECK_FALSE(without_secrets(secret(0)));
}
