// Requests that are typed on a command line (app/typed_request.hpp): what is typed becomes one
// request and nothing behind it. The input is the words, each with a NUL behind it as in argv:
// target, method (may be empty), fields up to an empty one; then the body, if there is more.

#include "gatehouse/show/typed_request.hpp"

#include <string>

#include "expect.hpp"
#include "gatehouse/http/request_parser.hpp"

namespace gatehouse::fuzz {
namespace {

constexpr std::string_view word_end("\0", 1);

show::typed_request typed_of(std::string_view input) {
  show::typed_request typed{.target = std::string(take_until(input, word_end))};
  auto const method = take_until(input, word_end);
  if (!method.empty()) typed.method = method;
  for (auto line = take_until(input, word_end); !line.empty(); line = take_until(input, word_end)) {
    typed.fields.emplace_back(line);
  }
  if (!input.empty()) typed.body = input;
  typed.port = static_cast<std::uint16_t>(typed.target.size());
  return typed;
}

void expect_one_request(show::typed_request const& typed, std::string_view bytes) {
  auto const body = typed.body.value_or("");
  auto rest = bytes;
  auto line = take_until(rest, "\r\n");
  expect(take_until(line, " ") == typed.method.value_or(typed.body ? "POST" : "GET"),
         "the method is what was typed");
  expect(take_until(line, " ").find('\t') == std::string_view::npos && line == "HTTP/1.1",
         "a request line has three words");
  auto const head = bytes.substr(0, bytes.find("\r\n\r\n") + 4);
  expect(bytes.substr(head.size()) == body, "what follows the head is the body");
  for (auto lines = head; !lines.empty();) {
    expect(is_one_line(take_until(lines, "\r\n")), "a line is one line for every reader");
  }
  http::head_scanner scanner(head.size() + 1);
  auto const end = scanner.scan(bytes);
  if (end.has_error()) return;
  expect(*end == head.size(), "the server finds the same head");
  auto const parsed = http::parse_request(head, body.size());
  if (parsed.has_error()) return;
  expect(!parsed->chunked && parsed->content_length.value_or(0) == body.size(),
         "the server finds the same body");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace gatehouse;
  auto const typed = fuzz::typed_of(fuzz::text_of(data, size));
  auto const made = show::request_bytes(typed);
  if (auto const* wrong = std::get_if<config::usage_error>(&made)) {
    fuzz::expect(wrong->line.starts_with("gatehouse: ") && fuzz::is_one_line(wrong->line),
                 "an error is one line");
    return 0;
  }
  fuzz::expect_one_request(typed, std::get<std::string>(made));
  return 0;
}
