// What a request's fields say about the representation (http/conditions.hpp, http/accept.hpp,
// http/date.hpp): methods and weaker fields do not matter where they must not, dates survive being
// printed, and nothing is chosen that was not named. The input is lines `Name: value`.

#include "gatehouse/http/conditions.hpp"

#include <array>
#include <string>

#include "expect.hpp"
#include "gatehouse/http/accept.hpp"
#include "gatehouse/http/date.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::fuzz {
namespace {

using namespace std::chrono_literals;
using http::precondition;

// Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::chrono::sys_seconds changed(784111777s);
constexpr std::chrono::sys_seconds now = changed + 60s;

http::request request_of(std::string_view method, http::fields const& fields) {
  http::request request;
  request.method = method;
  request.fields = fields;
  return request;
}

http::fields without(http::fields fields, std::string_view name) {
  fields.erase(name);
  return fields;
}

http::fields fields_of(std::string_view lines) {
  http::fields fields;
  while (!lines.empty()) {
    auto line = take_until(lines, "\n");
    auto const name = take_until(line, ":");
    if (http::is_token(name)) fields.add(name, http::trim_ows(line));
  }
  return fields;
}

void expect_sound_conditions(http::fields const& fields) {
  http::validators const current{"\"abc\"", changed};
  auto const decide = [&](std::string_view method, http::fields const& f) {
    return http::evaluate(request_of(method, f), current, now);
  };
  auto const got = decide("GET", fields);
  expect(decide("HEAD", fields) == got, "HEAD is answered as GET");
  expect(decide("POST", fields) != precondition::not_modified, "304 is for GET and HEAD");
  auto const request = request_of("GET", fields);
  expect(http::is_conditional(request) || got == precondition::pass, "no condition, no effect");
  if (fields.contains("If-Match")) {
    expect(decide("GET", without(fields, "If-Unmodified-Since")) == got,
           "If-Match is the stronger");
  }
  if (fields.contains("If-None-Match")) {
    expect(decide("GET", without(fields, "If-Modified-Since")) == got,
           "If-None-Match is the stronger");
  }
  expect(!http::range_applies(request_of("HEAD", fields), current, now), "ranges are for GET");
  expect(http::range_applies(request_of("GET", without(fields, "If-Range")), current, now),
         "without If-Range a range applies");
  if (http::range_applies(request, current, now) && fields.contains("If-Range")) {
    auto const value = fields.combined("If-Range");
    expect(value == current.etag || http::parse_date(value, now) == changed,
           "If-Range names the representation");
  }
}

void expect_stable_dates(http::fields const& fields) {
  constexpr std::chrono::sys_seconds last =
      std::chrono::sys_days(std::chrono::year(10000) / 1 / 1) - 1s;
  for (auto const& field : fields) {
    auto const date = http::parse_date(field.value, now);
    if (!date || *date > last) continue;
    auto const text = http::format_date(*date);
    expect(text.size() == 29 && http::parse_date(text, now) == date, "a printed date is the same");
  }
}

void expect_named(http::fields const& fields) {
  constexpr std::array<std::string_view, 3> codings = {"br", "zstd", "gzip"};
  auto const chosen = http::preferred_coding(fields, codings);
  if (chosen) {
    expect(std::find(codings.begin(), codings.end(), *chosen) != codings.end(), "one there is");
    bool named = false;
    for (auto const& field : fields) {
      if (!http::iequals(field.name, "Accept-Encoding")) continue;
      std::string value(field.value);
      for (char& c : value) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      named =
          named || value.find(*chosen) != std::string::npos || value.find('*') != std::string::npos;
    }
    expect(named, "a coding is chosen that was asked for");
  }
  expect(!http::prefers_json(fields) || fields.contains("Accept"), "HTML unless asked");
}

void expect_stable_lists(http::fields const& fields) {
  for (auto const& field : fields) {
    std::string joined;
    auto const elements = http::list_elements(field.value);
    for (auto const element : elements) {
      expect(!element.empty() && http::trim_ows(element) == element, "an element is trimmed");
      joined.append(joined.empty() ? "" : " , ,").append(element);
    }
    expect(http::list_elements(joined) == elements, "a printed list is the same");
  }
}

void expect_all(std::string_view lines) {
  auto const fields = fields_of(lines);
  expect_sound_conditions(fields);
  expect_stable_dates(fields);
  expect_named(fields);
  expect_stable_lists(fields);
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  gatehouse::fuzz::expect_all(gatehouse::fuzz::text_of(data, size));
  return 0;
}
