#include "gatehouse/show/text_search.hpp"

#include <doctest/doctest.h>

using namespace gatehouse;

TEST_CASE("a text is found wherever it was recorded") {
  trace::recording r;
  auto const put = [](trace::kept_bytes& into, std::string_view bytes) {
    into.add(bytes, bytes.size());
  };
  put(r.request_head, "GET /cgi-bin/a?q=Z%C3%9C HTTP/1.1\r\nX-Name: Ada\r\n\r\n");
  put(r.response_head, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
  put(r.standard_input, "the request's body");
  put(r.standard_output, "the output");
  put(r.response_body, "gr\xC3\xBC\xC3\x9F\x65");
  r.standard_error.add("Traceback: NameError");
  for (int i = 0; i < 60; ++i) r.standard_error.add("later");
  r.redirected_by.emplace_back();
  r.redirected_by.back().standard_error.add("said by the first script");
  r.error = http::http_error{.status = 502, .reason = "script-failed"};
  struct row {
    std::string_view wanted;
    bool found;
  };
  row const rows[] = {
      {"GET", true},           {"get /CGI-bin/A", true},
      {"x-name: ada", true},   {"502", true},
      {"bad gateway", true},   {"REQUEST'S", true},
      {"THE OUTPUT", true},    {"gr\xC3\xBC", true},
      {"GR\xC3\x9C", false},   {"nameerror", true},
      {"later", true},         {"the FIRST script", true},
      {"script-FAILED", true}, {"nowhere", false},
      {"outputs", false},      {"", true},
      {"@get", false},         {"[", false},
  };
  for (row const& each : rows) {
    CAPTURE(each.wanted);
    CHECK(show::text_search(each.wanted).finds_in(r) == each.found);
  }
}
