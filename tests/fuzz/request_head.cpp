// Request heads (http/request_parser.hpp), and what becomes of one for a script
// (gateway/meta_variables.hpp): the same head however its bytes arrive; a request that was accepted
// says what a plain reading of the head's lines says, survives being printed, and is framed in one
// way; no value of it could begin another line or hide a variable.

#include "gatehouse/http/request_parser.hpp"

#include <set>
#include <string>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/cgi/script_arguments.hpp"
#include "gatehouse/gateway/meta_variables.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/head_parts.hpp"
#include "sound_target.hpp"

namespace gatehouse::fuzz {
namespace {

constexpr std::size_t head_limit = 2048;
constexpr std::uint64_t body_limit = 1'000'000;

using scanned = http::result<std::optional<std::size_t>>;

scanned scan_at_once(std::string_view bytes) {
  return http::head_scanner(head_limit).scan(bytes);
}

scanned scan_byte_by_byte(std::string_view bytes) {
  http::head_scanner scanner(head_limit);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    auto found = scanner.scan(bytes.substr(0, size));
    if (found.has_error() || *found) return found;
  }
  return scanner.scan(bytes);
}

bool is_same(scanned const& a, scanned const& b) {
  if (a.has_error() || b.has_error()) {
    return a.has_error() && b.has_error() && a.error().reason == b.error().reason &&
           a.error().status == b.error().status;
  }
  return *a == *b;
}

void expect_refusal(http::http_error const& error) {
  expect(error.status >= 400 && error.status < 600, "a refusal has a status");
  expect(!error.reason.empty() && error.close, "a refusal has a reason and closes");
  expect(is_one_line(base::log_escaped(error.detail)), "its log line is one");
}

// Whether text is the target as it was sent; an absolute form may have no path, which is "/".
bool is_sent_as(http::target const& target, std::string_view text) {
  if (target.form != http::target_form::absolute) return text == target.raw;
  static_cast<void>(take_until(text, "://"));
  if (!text.starts_with(target.authority)) return false;
  text.remove_prefix(target.authority.size());
  return text == target.raw || text == std::string_view(target.raw).substr(1);
}

// Whether the version was sent as this text: a later minor one is served as HTTP/1.1.
bool is_version_of(http::request const& request, std::string_view text) {
  if (text == request.version()) return true;
  return request.minor_version == 1 && text.size() == 8 && text.starts_with("HTTP/1.") &&
         text.back() >= '2' && text.back() <= '9';
}

// The lines of the head as anyone would cut them, beside what was parsed.
void expect_as_it_stands(std::string_view head, http::request const& request) {
  auto rest = head;
  auto line = take_until(rest, "\r\n");
  expect(take_until(line, " ") == request.method, "the method is the first word");
  expect(is_sent_as(request.target, take_until(line, " ")), "the target is the second word");
  expect(is_version_of(request, line), "the version is the last word");
  for (auto const& field : request.fields) {
    auto value = take_until(rest, "\r\n");
    expect(take_until(value, ":") == field.name, "a field's name ends at the colon");
    expect(http::trim_ows(value) == field.value, "and what follows is its value");
  }
  expect(rest == "\r\n", "there is no line that is no field");
}

bool names(std::string const& list, std::string_view option) {
  for (auto const element : http::list_elements(list)) {
    if (http::iequals(element, option)) return true;
  }
  return false;
}

void expect_framed(http::request const& request) {
  auto const& fields = request.fields;
  auto const length = fields.find("Content-Length");
  expect(request.chunked == fields.contains("Transfer-Encoding"), "chunked by its field alone");
  expect(!request.chunked || (!length && request.minor_version == 1), "framed in one way");
  expect(request.content_length.has_value() == length.has_value(), "counted by its field alone");
  if (length) {
    auto const counts = fields.combined("Content-Length");
    for (auto const count : http::list_elements(counts)) {
      expect(http::parse_decimal(count) == request.content_length, "all counts are the same");
    }
    expect(*request.content_length <= body_limit, "a body over the limit is refused");
  }
  expect(fields.count("Host") == 1 || (request.minor_version == 0 && !fields.contains("Host")),
         "one Host");
  auto const connection = fields.combined("Connection");
  bool const stays = request.minor_version == 1 || names(connection, "keep-alive");
  expect(request.keep_alive == (stays && !names(connection, "close")),
         "the connection stays as the client says");
}

std::string printed(http::request const& request) {
  std::string out = request.method + " " + printed_target(request.target) + " ";
  out.append(request.version()).append("\r\n");
  for (auto const& field : request.fields) {
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return out + "\r\n";
}

void expect_stable(http::request const& request) {
  auto const again = http::parse_request(printed(request), body_limit);
  if (again.has_error()) {
    // Of an absolute form without a path one "/" is printed.
    expect(again.error().status == 414, "a printed request is accepted");
    return;
  }
  expect(again->method == request.method && is_same_target(again->target, request.target),
         "the same");
  expect(again->minor_version == request.minor_version && again->chunked == request.chunked &&
             again->content_length == request.content_length &&
             again->keep_alive == request.keep_alive &&
             again->expects_continue == request.expects_continue,
         "framed the same");
  expect(printed(*again) == printed(request), "printed the same");
}

void expect_sound_fields(http::request const& request) {
  expect(http::is_token(request.method), "a method is a token");
  expect(request.fields.size() <= base::limits::fields, "not too many fields");
  for (auto const& field : request.fields) {
    expect(http::is_token(field.name), "a field's name is a token");
    expect(is_one_line(field.value), "a field's value is one line");
  }
}

std::string shown(std::string_view head, http::head_part part, std::size_t segments = 0) {
  auto const spans = http::find_source(head, {part, {}, segments});
  std::string out;
  for (auto const span : spans) {
    expect(span.start < span.end && span.end <= head.size(), "a span lies within the head");
    out += head.substr(span.start, span.end - span.start);
  }
  return out;
}

// What the views show of the head is what was parsed from it.
void expect_shown(std::string_view head, http::request const& request) {
  using part = http::head_part;
  expect(shown(head, part::method) == request.method, "the method is shown");
  expect(is_version_of(request, shown(head, part::version)), "the version is shown");
  expect(shown(head, part::query) == request.target.query, "the query is shown");
  expect(shown(head, part::authority) == request.target.authority, "the authority is shown");
  auto const path = shown(head, part::path);
  for (std::size_t segments = 1; segments < 4; ++segments) {
    auto const script = shown(head, part::path, segments);
    auto const rest = shown(head, part::path_rest, segments);
    expect(script == path ? rest == path : script + rest == path, "a path is shown in two parts");
  }
  for (auto const& field : request.fields) {
    expect(http::find_source(head, {part::field, field.name, 0}).size() ==
               request.fields.count(field.name),
           "every line of a field is shown");
  }
}

void expect_safe_variables(http::request const& request) {
  gateway::script_target const script{"/cgi-bin/a", "/b", "/srv/cgi-bin/a", {}};
  auto const variables = gateway::meta_variables(request, script, {}, {.document_root = "/srv"},
                                                 request.content_length, "");
  std::set<std::string> seen;
  for (auto const& variable : variables) {
    expect(variable.name.find_first_of(std::string_view("=\0", 2)) == std::string::npos,
           "a variable's name ends where it seems to");
    expect(is_one_line(variable.value), "a variable's value is one line");
    expect(variable.name != "HTTP_PROXY", "no client sets a program's proxy");
    expect(seen.insert(variable.name).second, "a variable comes once");
  }
  for (bool const interpreted : {false, true}) {
    for (auto const& word :
         cgi::script_arguments(request.method, request.target.query, interpreted)) {
      expect(word.find('\0') == std::string::npos, "an argument has no NUL");
      expect(!interpreted || !word.starts_with('-'), "no URL gives an interpreter an option");
    }
  }
}

void expect_all(std::string_view bytes) {
  auto const size = scan_at_once(bytes);
  expect(is_same(size, scan_byte_by_byte(bytes)), "a head ends the same however it arrives");
  if (size.has_error()) return expect_refusal(size.error());
  if (!*size) return;
  auto const head = bytes.substr(0, **size);
  expect(head.ends_with("\r\n\r\n") && head.size() <= head_limit, "a head ends in an empty line");
  auto const parsed = http::parse_request(head, body_limit);
  if (parsed.has_error()) return expect_refusal(parsed.error());
  expect_sound(parsed->target);
  expect(parsed->target.scheme != http::target_scheme::https, "what is for https is refused");
  expect_sound_fields(*parsed);
  expect_as_it_stands(head, *parsed);
  expect_framed(*parsed);
  expect_stable(*parsed);
  expect_shown(head, *parsed);
  expect_safe_variables(*parsed);
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  gatehouse::fuzz::expect_all(gatehouse::fuzz::text_of(data, size));
  return 0;
}
