#pragma once
// What holds for every request-target that was accepted (http/target.hpp).

#include <string>

#include "expect.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::fuzz {

inline bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    auto const segment = take_until(path, "/");
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

// The target as it could have been sent: of the absolute form only what this server reads.
inline std::string printed_target(http::target const& target) {
  if (target.form != http::target_form::absolute) return target.raw;
  auto const* const scheme = target.scheme == http::target_scheme::https ? "https://" : "http://";
  return scheme + target.authority + target.raw;
}

inline void expect_sound(http::target const& target) {
  bool const asterisk = target.form == http::target_form::asterisk;
  expect(asterisk ? target.path == "*" : target.path.starts_with('/'), "the path is absolute");
  expect(target.path.find('\0') == std::string::npos, "the path has no NUL");
  expect(!has_dot_segment(target.path), "the path has no dot segment");
  expect(target.has_query || target.query.empty(), "no query without a question mark");
  expect(target.raw.find('#') == std::string::npos, "no fragment");
  expect(asterisk || target.raw.starts_with('/'), "the raw target is an origin-form");
  expect((target.form == http::target_form::absolute) == !target.authority.empty(),
         "an authority is there in the absolute form, and only there");
  expect((target.scheme == http::target_scheme::none) == target.authority.empty(),
         "and so is a scheme");
  if (asterisk) return;
  expect(http::without_dot_segments(target.path) == target.path, "the path normalises to itself");
  expect(http::percent_decoded(http::percent_encoded_path(target.path)) == target.path,
         "the path survives encoding");
}

inline bool is_same_target(http::target const& a, http::target const& b) {
  return a.form == b.form && a.raw == b.raw && a.path == b.path && a.query == b.query &&
         a.has_query == b.has_query && a.authority == b.authority && a.scheme == b.scheme;
}

}  // namespace gatehouse::fuzz
