// Request-targets and authorities (http/target.hpp): what is accepted never leaves the root, is the
// normal form of itself, and is what RFC 3986 makes of it by another algorithm.

#include "gatehouse/http/target.hpp"

#include <optional>
#include <string>

#include "sound_target.hpp"

namespace gatehouse::fuzz {
namespace {

// remove_dot_segments as RFC 3986, 5.2.4 spells it, for an absolute path; nothing where a ".."
// finds no segment to remove.
std::optional<std::string> by_the_book(std::string in) {
  std::string out;
  while (!in.empty()) {
    if (in.starts_with("/./")) {
      in.erase(0, 2);
    } else if (in == "/.") {
      in = "/";
    } else if (in.starts_with("/../") || in == "/..") {
      if (out.empty()) return std::nullopt;
      in.replace(0, std::min<std::size_t>(in.size(), 4), "/");
      out.erase(out.rfind('/'));
    } else {
      auto const end = std::min(in.find('/', 1), in.size());
      out.append(in, 0, end);
      in.erase(0, end);
    }
  }
  return out;
}

std::string without_repeated_slashes(std::string_view path) {
  std::string out;
  for (char const c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  return out;
}

void expect_normalised(http::target const& target) {
  std::string_view rest = target.raw;
  auto const decoded = http::percent_decoded(take_until(rest, "?"));
  expect(decoded.has_value(), "an accepted path can be decoded");
  expect(by_the_book(*decoded) == target.path, "the path is that of RFC 3986");
  auto const again =
      http::parse_target("GET", http::percent_encoded_path(target.path) +
                                    (target.has_query ? "?" + target.query : std::string()));
  // Encoded anew it may be longer than what came.
  if (again.has_error()) {
    expect(again.error().status == 414, "an accepted path is accepted when it is encoded");
    return;
  }
  expect(again->path == target.path && again->query == target.query, "and is the same");
}

// Whatever part of a path is taken for a prefix, what lies below it is the rest.
void expect_split(std::string_view path) {
  expect(http::path_below(path, "") == path, "everything lies below the root");
  for (auto slash = path.find('/', 1); slash < path.size(); slash = path.find('/', slash + 1)) {
    auto prefix = path.substr(0, slash);
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    auto const rest = http::path_below(path, prefix);
    expect(rest.has_value(), "a path lies below its own beginning");
    expect(rest->empty() || rest->starts_with('/'), "the rest begins with a slash");
    expect(without_repeated_slashes(std::string(prefix) + std::string(*rest)) ==
               without_repeated_slashes(path),
           "prefix and rest make the path");
  }
}

void expect_sound_host(std::string_view text) {
  auto const parsed = http::parse_host(text);
  if (!parsed) return;
  expect(!parsed->host.empty(), "a host has a name");
  expect(
      is_one_line(parsed->host) && parsed->host.find_first_of(" \t/?#@\"<>\\") == std::string::npos,
      "a host has no delimiters");
  expect(parsed->port.find_first_not_of("0123456789") == std::string::npos, "a port is digits");
  auto const printed_host = parsed->host + (parsed->port.empty() ? "" : ":" + parsed->port);
  auto const again = http::parse_host(printed_host);
  expect(again && again->host == parsed->host && again->port == parsed->port,
         "a printed host is the same host");
}

void expect_all(std::string_view text) {
  expect_sound_host(text);
  expect(http::parse_target("CONNECT", text).has_error(), "CONNECT is refused");
  auto const got = http::parse_target("GET", text);
  auto const options = http::parse_target("OPTIONS", text);
  if (got.has_error()) {
    expect(got.error().status >= 400 && !got.error().reason.empty() && got.error().close,
           "a refusal has a reason and closes");
    expect(options.has_error() == (text != "*"), "OPTIONS differs for * alone");
    return;
  }
  expect(options.has_value() && is_same_target(*got, *options), "the method does not matter");
  expect_sound(*got);
  expect_normalised(*got);
  expect_split(got->path);
  auto const again = http::parse_target("GET", printed_target(*got));
  // An empty path of an absolute form is printed as "/".
  bool const longer = printed_target(*got).size() > base::limits::target_bytes;
  expect(longer || (again.has_value() && is_same_target(*got, *again)),
         "printed and parsed it is the same");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  gatehouse::fuzz::expect_all(gatehouse::fuzz::text_of(data, size));
  return 0;
}
