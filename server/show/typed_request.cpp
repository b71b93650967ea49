#include "gatehouse/show/typed_request.hpp"

#include <algorithm>
#include <string_view>

#include "gatehouse/config/command_line.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::show {
namespace {

using complaint = std::optional<config::usage_error>;

constexpr std::string_view scheme = "http://";
constexpr std::string_view form_type = "application/x-www-form-urlencoded";

config::usage_error wrong(std::string_view where, std::string_view value, std::string_view text) {
  return config::error_line(where, config::in_quotes(value) + " " + std::string(text));
}

bool is_control(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return byte < 0x20U || byte == 0x7FU;
}

// The request-target as a browser sends it, and whom it asks.
struct split_target {
  std::string target;
  std::string authority;  // empty: the target is no URL
};

split_target split(std::string_view typed) {
  if (!http::iequals(typed.substr(0, scheme.size()), scheme)) return {std::string(typed), {}};
  auto const rest = typed.substr(scheme.size());
  auto const end = std::min(rest.find_first_of("/?#"), rest.size());
  auto const path = rest.substr(end, rest.find('#') - end);  // a fragment stays with the client
  return {(path.starts_with('/') ? "" : "/") + std::string(path), std::string(rest.substr(0, end))};
}

complaint check_target(std::string_view typed) {
  bool const is_url = http::iequals(typed.substr(0, scheme.size()), scheme);
  if (!is_url && !typed.starts_with('/') && typed != "*") {
    return wrong("TARGET", typed, "does not start with / or http://");
  }
  auto const bad =
      std::find_if(typed.begin(), typed.end(), [](char c) { return c == ' ' || is_control(c); });
  if (bad == typed.end()) return std::nullopt;
  return wrong("TARGET", typed,
               *bad == ' ' ? "holds a space, which would end it; write %20"
                           : "holds a control character, which no request line may have");
}

std::string_view name_of(std::string_view line) {
  return line.substr(0, line.find(':'));
}

complaint check_field(std::string_view line) {
  bool const control =
      std::any_of(line.begin(), line.end(), [](char c) { return is_control(c) && c != '\t'; });
  if (control) return wrong("--header", line, "holds a control character");
  auto const colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) {
    return wrong("--header", line, "is no 'NAME: VALUE'");
  }
  if (http::iequals(http::trim_ows(name_of(line)), "Transfer-Encoding")) {
    return wrong("--header", line, "is not sent: the body goes with a Content-Length");
  }
  return std::nullopt;
}

complaint check_length(std::string_view line, std::size_t body_bytes) {
  if (!http::iequals(http::trim_ows(name_of(line)), "Content-Length")) return std::nullopt;
  auto const length = http::parse_decimal(http::trim_ows(line.substr(line.find(':') + 1)));
  if (!length || *length == body_bytes) return std::nullopt;
  return wrong("--header", line, "is wrong: the body has " + std::to_string(body_bytes) + " bytes");
}

complaint check(typed_request const& typed) {
  if (auto bad = check_target(typed.target)) return bad;
  if (typed.method && !http::is_token(*typed.method)) {
    return wrong("--method", *typed.method, "is no method: a method is one word");
  }
  for (auto const& line : typed.fields) {
    if (auto bad = check_field(line)) return bad;
    if (auto bad = check_length(line, typed.body.value_or("").size())) return bad;
  }
  return std::nullopt;
}

bool has_field(typed_request const& typed, std::string_view name) {
  return std::any_of(typed.fields.begin(), typed.fields.end(),
                     [&](std::string const& line) { return http::iequals(name_of(line), name); });
}

std::string own_host(std::uint16_t port) {
  return port == 80 ? "localhost" : "localhost:" + std::to_string(port);
}

std::string bytes_of(typed_request const& typed, split_target const& asked) {
  std::string out = typed.method.value_or(typed.body ? "POST" : "GET");
  auto const add = [&](std::string_view name, std::string_view value) {
    if (!has_field(typed, name)) out.append(name).append(": ").append(value).append("\r\n");
  };
  out.append(" ").append(asked.target).append(" HTTP/1.1\r\n");
  add("Host", asked.authority.empty() ? own_host(typed.port) : asked.authority);
  for (auto const& line : typed.fields) out.append(line).append("\r\n");
  if (typed.body) {
    add("Content-Length", std::to_string(typed.body->size()));
    add("Content-Type", form_type);
  }
  return out.append("\r\n").append(typed.body.value_or(""));
}

}  // namespace

std::variant<std::string, config::usage_error> request_bytes(typed_request const& typed) {
  if (auto bad = check(typed)) return *bad;
  auto const asked = split(typed.target);
  bool const is_url = asked.target != typed.target;
  if (is_url && !http::parse_host(asked.authority)) {
    return wrong("TARGET", typed.target, "names no host");
  }
  return bytes_of(typed, asked);
}

}  // namespace gatehouse::show
