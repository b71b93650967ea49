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

TEST_CASE("who takes a value that is an error gets an exception that names it") {
  http::result<int> const refused = http::http_error{.status = 400, .reason = "bad-host"};
  CHECK_THROWS_WITH_AS(static_cast<void>(refused.value()), "value() of an error: bad-host",
                       std::logic_error);
}
