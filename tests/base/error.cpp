#include "gatehouse/base/error.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace gatehouse::base;

TEST_CASE("an error of ours says what it is") {
  struct row {
    errc error;
    std::string_view message;
  };
  row const rows[] = {
      {errc::client_gone, "the client closed the connection"},
      {errc::timed_out, "a deadline passed"},
      {errc::body_too_large, "the request body is over the limit"},
      {errc::malformed_body, "the request body's chunked framing is broken"},
      {errc::framing_too_large, "the request body's chunked framing is over its limit"},
      {errc::truncated, "the content ended before its announced length"},
      {errc::stopped, "stopped"},
      {static_cast<errc>(99), "unknown error"},
  };
  for (row const& r : rows) {
    CAPTURE(r.message);
    error_code const code = r.error;
    CHECK(code.message() == r.message);
    CHECK(std::string_view(code.category().name()) == "gatehouse");
  }
}

TEST_CASE("the last error of the system is one of the system's") {
  errno = ENOENT;
  auto const code = last_error();
  CHECK(code == boost::system::errc::no_such_file_or_directory);
}
