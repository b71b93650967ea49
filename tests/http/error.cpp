#include "gatehouse/http/error.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace gatehouse;

TEST_CASE("a status has the phrase that its RFC gives it") {
  struct row {
    unsigned status;
    std::string_view phrase;
  };
  row const rows[] = {
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {203, "Non-Authoritative Information"},
      {204, "No Content"},
      {205, "Reset Content"},
      {206, "Partial Content"},
      {207, "Multi-Status"},
      {300, "Multiple Choices"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {407, "Proxy Authentication Required"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {426, "Upgrade Required"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {451, "Unavailable For Legal Reasons"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
      {511, "Network Authentication Required"},
      {299, "Unknown"},
      {0, "Unknown"},
  };
  for (row const& r : rows) {
    CAPTURE(r.status);
    CHECK(http::reason_phrase(r.status) == r.phrase);
  }
}

TEST_CASE("an error comes to a whole sentence for whoever sent the request") {
  CHECK(http::sentence_for({.status = 405, .reason = {}}) ==
        "This address does not take requests of this kind.");
  CHECK(http::sentence_for({.status = 403, .reason = "script-not-readable"}) ==
        "The server cannot run the program at this address.");
  CHECK(http::sentence_for({.status = 418, .reason = {}}) == "The request cannot be answered.");
}

TEST_CASE("who takes a value that is an error gets an exception that names it") {
  http::result<int> const refused = http::http_error{.status = 400, .reason = "bad-host"};
  CHECK_THROWS_WITH_AS(static_cast<void>(refused.value()), "value() of an error: bad-host",
                       std::logic_error);
}

TEST_CASE("who is to come again is told in how many whole seconds, at least one") {
  using namespace std::chrono_literals;
  struct row {
    std::string_view label;
    std::chrono::steady_clock::duration after;
    std::string_view seconds;
  };
  row const rows[] = {
      {"the usual", base::limits::retry_after, "1"},
      {"at once", 0s, "1"},
      {"a part of a second", 1ms, "1"},
      {"seconds", 10s, "10"},
      {"a part of one more", 10'001ms, "11"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto error = http::try_again_later("busy", "why", r.after);
    CHECK(error.status == 503);
    CHECK(error.reason == "busy");
    CHECK(error.detail == "why");
    CHECK(error.fields.combined("Retry-After") == r.seconds);
    http::add_retry_after(error, 7s);
    CHECK(error.fields.combined("Retry-After") == r.seconds);  // that has been said
  }
}
