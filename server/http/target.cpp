#include "gatehouse/http/target.hpp"

#include <algorithm>
#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/http/target_parser.hpp"

namespace gatehouse::http {
namespace {

http_error bad_target(std::string detail) {
  return {.status = 400, .reason = "bad-target", .detail = std::move(detail), .close = true};
}

// absolute-form = absolute-URI, of which this server can answer those with http and https. Removes
// "scheme://" from the front and returns the scheme; none for any other form.
target_scheme take_scheme(std::string_view& text) {
  auto const take = [&](std::string_view start) {
    if (text.size() < start.size() || !iequals(text.substr(0, start.size()), start)) return false;
    text.remove_prefix(start.size());
    return true;
  };
  if (take("http://")) return target_scheme::http;
  return take("https://") ? target_scheme::https : target_scheme::none;
}

// Fills path and query from an origin-form: absolute-path [ "?" query ] (RFC 9112, 3.2.1). The text
// may hold characters that RFC 3986 wants encoded and browsers send as they are ("|", "[", bytes
// over 0x7F): they stand for themselves.
std::optional<http_error> parse_path_and_query(std::string_view text, target& parsed) {
  if (text.find('#') != std::string_view::npos) return bad_target("the target has a fragment");
  parsed.raw = text;
  auto const question = text.find('?');
  if (question != std::string_view::npos) {
    parsed.has_query = true;
    parsed.query = text.substr(question + 1);
  }
  auto decoded = percent_decoded(text.substr(0, question));
  if (!decoded) return bad_target("the path has a % without two hexadecimal digits");
  if (decoded->find('\0') != std::string::npos) return bad_target("the path has a NUL");
  auto path = without_dot_segments(*decoded);
  if (!path) {
    return http_error{.status = 400,
                      .reason = "target-escapes-root",
                      .detail = "the path has more .. than directories to leave",
                      .close = true};
  }
  parsed.path = std::move(*path);
  return std::nullopt;
}

struct authority_parts {
  std::string_view host;
  std::string_view port;
};

// Host = uri-host [ ":" port ] (RFC 9110, 7.2): an authority without userinfo. The URI grammar
// allows more names than hosts can have. They are refused, because SERVER_NAME is such a name (RFC
// 3875, 4.1.14) and a shell or a page could take "$(id)", "a'b" or "%41" for more than a name.
// Boost.URL parses IPv6 addresses.
std::optional<authority_parts> split_authority(std::string_view authority) {
  auto const colon = std::min(authority.find(':'), authority.size());
  auto const host = authority.substr(0, colon);
  auto const port = authority.substr(std::min(colon + 1, authority.size()));
  auto const is_plain = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' ||
           c == '-' || c == '_';
  };
  if (std::all_of(host.begin(), host.end(), is_plain) &&
      std::all_of(port.begin(), port.end(), is_digit)) {
    return authority_parts{host, port};
  }
  if (!authority.starts_with('[') || authority.find('@') != std::string_view::npos)
    return std::nullopt;
  auto const parsed = boost::urls::parse_authority({authority.data(), authority.size()});
  if (!parsed || parsed->host_type() != boost::urls::host_type::ipv6) return std::nullopt;
  auto const named = parsed->encoded_host();
  auto const numbered = parsed->port();
  return authority_parts{{named.data(), named.size()}, {numbered.data(), numbered.size()}};
}

bool has_empty_label(std::string_view host) {
  return host.starts_with('.') || host.ends_with('.') || host.find("..") != std::string_view::npos;
}

// The parts of an authority whose host can be one and whose port is in range.
std::optional<authority_parts> sound_authority(std::string_view authority) {
  auto split = split_authority(authority);
  if (!split) return std::nullopt;
  // A dot at the end only says that the name is complete (RFC 1034, 3.1). Any other empty label is
  // refused.
  if (split->host.ends_with('.')) split->host.remove_suffix(1);
  if (split->host.empty() || has_empty_label(split->host)) return std::nullopt;
  if (!split->port.empty() && parse_decimal(split->port).value_or(65536) > 65535)
    return std::nullopt;
  return split;
}

}  // namespace

std::optional<http_error> parse_target(std::string_view method, std::string_view text,
                                       target& parsed) {
  if (text.size() > base::limits::target_bytes) {
    return http_error{.status = 414,
                      .reason = "target-too-long",
                      .detail = "the request-target has " + std::to_string(text.size()) + " bytes",
                      .close = true};
  }
  if (method == "CONNECT") {
    return http_error{.status = 501,
                      .reason = "method-not-implemented",
                      .detail = "CONNECT: this server is not a proxy",
                      .close = true};
  }
  if (text == "*") {
    if (method != "OPTIONS") return bad_target("* is for OPTIONS only");
    parsed.form = target_form::asterisk;
    parsed.raw = parsed.path = "*";
    return std::nullopt;
  }
  if (text.starts_with('/')) return parse_path_and_query(text, parsed);
  parsed.scheme = take_scheme(text);
  if (parsed.scheme == target_scheme::none)
    return bad_target("the target is neither a path nor an http URI");
  parsed.form = target_form::absolute;
  auto const authority_end = std::min(text.find_first_of("/?#"), text.size());
  parsed.authority = text.substr(0, authority_end);
  if (!is_host(parsed.authority)) return bad_target("the target's authority is malformed");
  std::string const path_and_query =  // an empty path is "/" (RFC 9110, 4.2.3)
      (text.substr(authority_end).starts_with('/') ? "" : "/") +
      std::string(text.substr(authority_end));
  return parse_path_and_query(path_and_query, parsed);
}

result<target> parse_target(std::string_view method, std::string_view text) {
  target parsed;
  if (auto error = parse_target(method, text, parsed)) return std::move(*error);
  return parsed;
}

std::optional<std::string> without_dot_segments(std::string_view path) {
  if (path.find("/.") == std::string_view::npos) return std::string(path);
  std::vector<std::string_view> kept;
  bool directory = false;  // the last segment was "." or "..": the path names a directory
  std::size_t at = 1;      // path[0] is "/"
  while (at <= path.size()) {
    auto const end = std::min(path.find('/', at), path.size());
    auto const segment = path.substr(at, end - at);
    directory = segment == "." || segment == "..";
    if (segment == "..") {
      if (kept.empty()) return std::nullopt;
      kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    at = end + 1;
  }
  std::string out;
  out.reserve(path.size());
  for (auto const segment : kept) out.append("/").append(segment);
  if (directory || out.empty()) out += '/';
  return out;
}

std::optional<std::string_view> path_below(std::string_view path, std::string_view prefix) {
  auto const skip_slashes = [](std::string_view& text) {
    bool const any = text.starts_with('/');
    while (text.starts_with('/')) text.remove_prefix(1);
    return any;
  };
  while (true) {
    auto const rest = path;
    if (prefix.empty()) return rest;
    if (!skip_slashes(path) || !skip_slashes(prefix)) return std::nullopt;
    auto const segment = prefix.substr(0, prefix.find('/'));
    auto const candidate = path.substr(0, path.find('/'));
    if (segment != candidate) return std::nullopt;
    prefix.remove_prefix(segment.size());
    path.remove_prefix(segment.size());
  }
}

bool is_host(std::string_view authority) {
  return sound_authority(authority).has_value();
}

std::optional<host_and_port> parse_host(std::string_view authority) {
  auto const split = sound_authority(authority);
  if (!split) return std::nullopt;
  host_and_port out{std::string(split->host), std::string(split->port)};
  for (char& c : out.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

}  // namespace gatehouse::http
