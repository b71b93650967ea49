#pragma once
// The request-target (RFC 9112, 3.2), parsed once: decoded, without dot segments, and known not to
// leave the root. Every later step uses this and never the raw text. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/http/error.hpp"

namespace gatehouse::http {

enum class target_form { origin, absolute, asterisk };
enum class target_scheme { none, http, https };

struct target {
  target_form form = target_form::origin;
  target_scheme scheme = target_scheme::none;  // of the absolute-form; the others have none
  std::string raw;         // as sent, the origin-form part only: raw path and query
  std::string path;        // decoded, dot segments removed; starts with "/" ("*" for asterisk-form)
  std::string query;       // as sent, without the "?"
  bool has_query = false;  // "/p?" has an empty query, "/p" has none
  std::string authority;   // host[:port] of the absolute-form, else empty
};

// 400 bad-target (bad percent-encoding, NUL, fragment, unknown form), 400 target-escapes-root
// (more ".." than segments), 414 target-too-long, 501 method-not-implemented (CONNECT).
result<target> parse_target(std::string_view method, std::string_view text);

// Decoded path with "." and ".." segments resolved and repeated slashes kept; nothing if it would
// leave the root (RFC 3986, 5.2.4, made strict).
std::optional<std::string> without_dot_segments(std::string_view path);

// What follows prefix in path, starting with "/" or empty, if path lies at or below prefix. A run
// of slashes counts as one. prefix has no slash at its end ("" is the root and matches every path).
std::optional<std::string_view> path_below(std::string_view path, std::string_view prefix);

// A Host field or an authority split (RFC 9110, 7.2): host lower-cased and without a dot at its
// end, IPv6 in brackets; port digits or empty. Nothing if it is malformed.
struct host_and_port {
  std::string host;
  std::string port;
};
std::optional<host_and_port> parse_host(std::string_view authority);

}  // namespace gatehouse::http
