// What scripts print (gateway/script_response.hpp): the same response however the bytes arrive and
// whichever line ends they have; nothing of it could begin another line of the response, and
// nothing that is the server's to say gets through.

#include "gatehouse/gateway/script_response.hpp"

#include <string>

#include "expect.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::fuzz {
namespace {

using gateway::response_head;
using pushed = http::result<std::optional<response_head>>;

pushed push_in_pieces(gateway::script_response_parser& parser, std::string_view bytes,
                      std::size_t piece) {
  while (!bytes.empty()) {
    auto got = parser.push(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    if (got.has_error() || *got) return got;
  }
  return std::optional<response_head>();
}

bool is_same(http::fields const& a, http::fields const& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || a[i].value != b[i].value) return false;
  }
  return true;
}

bool is_same(response_head const& a, response_head const& b) {
  return a.kind == b.kind && a.status == b.status && a.phrase == b.phrase &&
         a.location == b.location && is_same(a.fields, b.fields) &&
         a.content_length == b.content_length && a.chunked == b.chunked &&
         a.has_content_type == b.has_content_type;
}

bool is_same(pushed const& a, pushed const& b) {
  if (a.has_error() || b.has_error()) {
    return a.has_error() && b.has_error() && a.error().reason == b.error().reason;
  }
  return a->has_value() == b->has_value() && (!*a || is_same(**a, **b));
}

void expect_sound(response_head const& head) {
  expect(head.status >= 200 && head.status <= 999, "a final status of three digits");
  expect(is_one_line(head.phrase), "the phrase is one line");
  expect(head.fields.size() <= base::limits::script_fields, "not too many fields");
  for (auto const& field : head.fields) {
    expect(http::is_token(field.name), "a field's name is a token");
    expect(is_one_line(field.value), "a field's value is one line");
    expect(http::trim_ows(field.value) == field.value, "without blanks around it");
  }
  for (auto const* const name :
       {"Status", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
        "Proxy-Connection", "TE", "Trailer", "Upgrade", "Date", "Server"}) {
    expect(!head.fields.contains(name), "what is the server's to say is dropped");
  }
  expect(!head.chunked || !head.content_length, "one framing");
  for (auto const& each : head.deviations)
    expect(!each.reason.empty() && is_one_line(base::log_escaped(each.text)), "told in a line");
  expect(head.fields.count("Content-Type") <= 1 && head.fields.count("Location") <= 1, "once");
  if (head.kind == gateway::response_kind::local_redirect) {
    expect(head.location.starts_with('/') && head.fields.size() == 1, "a path and nothing else");
  }
}

std::string printed(response_head const& head, std::string_view line_end) {
  std::string out;
  auto const add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append(line_end);
  };
  if (head.kind != gateway::response_kind::local_redirect) {
    add("Status", std::to_string(head.status) + " " + head.phrase);
    if (head.content_length) add("content-length", std::to_string(*head.content_length));
    if (head.chunked) add("transfer-encoding", "chunked");
  }
  for (auto const& field : head.fields) add(field.name, field.value);
  return out.append(line_end);
}

void expect_stable(response_head const& head) {
  for (std::string_view const line_end : {"\n", "\r\n"}) {
    std::vector<gateway::header_use> uses;
    auto const again = gateway::parse_response_head(printed(head, line_end), &uses);
    if (again.has_error()) {
      // The Status that is printed may be one field too many.
      expect(again.error().reason == "script-head-too-large", "a printed head is accepted");
      continue;
    }
    expect(is_same(*again, head), "printed and parsed it is the same");
  }
}

void expect_sound_uses(std::string_view block) {
  std::vector<gateway::header_use> uses;
  static_cast<void>(gateway::parse_response_head(block, &uses));
  std::size_t end = 0;
  for (auto const& use : uses) {
    expect(use.start >= end && use.end >= use.start && use.end <= block.size(), "lines in order");
    expect(!use.meaning.empty(), "each line has a meaning");
    end = use.end;
  }
}

void expect_sound_error(gateway::script_response_parser const& parser, http::http_error error) {
  parser.explain(error, "");
  expect(error.status == 502 && !error.reason.empty(), "a refusal is a 502");
  expect(is_one_line(base::log_escaped(error.detail)), "its log line is one");
  auto const& help = error.help;
  expect(help.output_excerpt.size() <= base::limits::output_excerpt_bytes, "a short excerpt");
  expect(std::string(parser.head()).append(parser.rest()).find(help.output_excerpt) !=
             std::string::npos,
         "of the output");
  expect(help.marked_line == 0 || help.excerpt_line <= help.marked_line, "with the marked line");
}

void expect_same_end(gateway::script_response_parser& at_once,
                     gateway::script_response_parser& in_pieces) {
  auto const end = at_once.ended();
  auto const other = in_pieces.ended();
  expect(end.has_value() == other.has_value(), "an end is the same however the output arrived");
  if (end.has_error()) return expect_sound_error(at_once, end.error());
  expect(is_same(*end, *other) && end->fields.empty(), "content without headers has none");
}

void expect_all(std::string_view bytes, std::size_t piece) {
  gateway::script_response_parser at_once;
  gateway::script_response_parser in_pieces;
  auto const got = at_once.push(bytes);
  expect(is_same(got, push_in_pieces(in_pieces, bytes, piece)),
         "a response is the same however it arrives");
  expect_sound_uses(bytes);
  if (got.has_error()) return expect_sound_error(at_once, got.error());
  if (!*got) return expect_same_end(at_once, in_pieces);
  expect(std::string(at_once.head()).append(at_once.rest()) == bytes, "nothing is lost");
  expect(at_once.head() == in_pieces.head(), "the head ends in the same place");
  expect(at_once.rest().starts_with(in_pieces.rest()), "and the content begins there");
  expect_sound(**got);
  expect_stable(**got);
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  gatehouse::fuzz::expect_all(gatehouse::fuzz::text_of(data + 1, size - 1), data[0] % 16U + 1U);
  return 0;
}
