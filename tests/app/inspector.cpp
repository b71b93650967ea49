#include "gatehouse/app/inspector.hpp"

#include <doctest/doctest.h>

#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;

namespace {

std::string_view refusal(std::string const& target, std::string const& fields, bool loopback,
                         std::string const& token = "") {
  auto const request =
      http::parse_request("GET " + target + " HTTP/1.1\r\n" + fields + "\r\n", 1000);
  REQUIRE(request.has_value());
  auto const refused = app::refuse_access({token}, *request, loopback);
  return refused ? refused->reason : "";
}

}  // namespace

TEST_CASE("without a token the inspector is for this machine, called by its own name") {
  struct row {
    std::string_view label;
    std::string target;
    std::string fields;
    bool loopback;
    std::string_view expected;
  };
  row const rows[] = {
      {"localhost", "/-/", "Host: localhost:8000\r\n", true, ""},
      {"its address", "/-/", "Host: 127.0.0.1\r\n", true, ""},
      {"its other address", "/-/", "Host: [::1]:8000\r\n", true, ""},
      {"in any case", "/-/", "Host: LocalHost\r\n", true, ""},
      {"another machine", "/-/", "Host: localhost\r\n", false, "inspector-not-local"},
      {"a name that was rebound", "/-/", "Host: evil.example\r\n", true, "inspector-bad-host"},
      {"a name that looks alike", "/-/", "Host: localhost.evil.example\r\n", true,
       "inspector-bad-host"},
      {"the target's name counts", "http://evil.example/-/", "Host: localhost\r\n", true,
       "inspector-bad-host"},
      {"handed on by a proxy", "/-/", "Host: localhost\r\nX-Forwarded-For: 192.0.2.1\r\n", true,
       "inspector-not-local"},
      {"a token does not help", "/-/?token=", "Host: evil.example\r\n", true, "inspector-bad-host"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(refusal(r.target, r.fields, r.loopback) == r.expected);
  }
}

TEST_CASE("with a token the inspector is for whoever has it") {
  std::string const token = "0123456789abcdef";
  struct row {
    std::string_view label;
    std::string target;
    std::string fields;
    std::string_view expected;
  };
  row const rows[] = {
      {"in the query", "/-/?token=" + token, "", ""},
      {"among others", "/-/?a=b&token=" + token + "&c", "", ""},
      {"in the cookie", "/-/", "Cookie: gatehouse-inspector=" + token + "\r\n", ""},
      {"among other cookies", "/-/", "Cookie: a=b; gatehouse-inspector=" + token + "; c=d\r\n", ""},
      {"none", "/-/", "", "inspector-no-token"},
      {"a wrong one", "/-/?token=0123456789abcdeF", "", "inspector-no-token"},
      {"a part", "/-/?token=0123456789abcde", "", "inspector-no-token"},
      {"another name", "/-/?xtoken=" + token, "", "inspector-no-token"},
      {"an empty one", "/-/?token=", "", "inspector-no-token"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(refusal(r.target, "Host: h\r\n" + r.fields, false, token) == r.expected);
  }
}
