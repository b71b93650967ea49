// Untrusted text on its way into a log, a terminal, a page or JSON (base/escape.hpp): nothing that
// is obeyed there is left, nothing is lost where it can be kept, and text that is escaped once has
// nothing left to escape.

#include "gatehouse/base/escape.hpp"

#include <string>
#include <utility>

#include "expect.hpp"

namespace gatehouse::fuzz {
namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Neither C0 nor C1, as text in UTF-8; tab and line feed only where a text may have several lines.
void expect_harmless(std::string_view text, std::string_view kept) {
  expect(base::valid_utf8(text) == text, "it is UTF-8");
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const byte = static_cast<unsigned char>(text[i]);
    bool const c0 = byte < 0x20U || byte == 0x7FU;
    expect(!c0 || kept.find(text[i]) != std::string_view::npos, "no control character is left");
    bool const c1 = byte == 0xC2U && static_cast<unsigned char>(text[i + 1]) < 0xA0U;
    expect(!c1, "nor one of two bytes");
  }
}

// What a reader of the log makes of an escaped text.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (text[i + 1] == 'x') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 2, 2)), nullptr, 16));
      i += 3;
    } else {
      out += text[++i];
    }
  }
  return out;
}

// No quote that is not escaped: a field of a log line is one field.
bool has_open_quote(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return true;
    }
  }
  return false;
}

void expect_log(std::string_view text) {
  auto const escaped = base::log_escaped(text);
  expect_harmless(escaped, "");
  expect(base::log_escaped(escaped) == escaped, "once is enough for a log line");
  bool const no_backslash = text.find('\\') == std::string_view::npos;
  expect(!no_backslash || unescaped(escaped) == text, "a log line tells what came");
}

void expect_log_field(std::string_view text) {
  auto const escaped = base::log_field_escaped(text);
  expect_harmless(escaped, "");
  expect(!has_open_quote(escaped), "a quoted field ends where it ends");
  expect(unescaped(escaped) == text, "a quoted field tells what came");
}

void expect_terminal(std::string_view text) {
  auto const escaped = base::terminal_escaped(text);
  expect_harmless(escaped, "\t\n");
  expect(base::terminal_escaped(escaped) == escaped, "once is enough for a terminal");
}

void expect_html(std::string_view text) {
  auto const escaped = base::html_escaped(text);
  expect_harmless(escaped, "\t\n");
  expect(escaped.find_first_of("<>\"'") == std::string::npos, "nothing is markup");
  auto shown = escaped;
  for (auto const& [reference, c] : {std::pair<char const*, char const*>{"&lt;", "<"},
                                     {"&gt;", ">"},
                                     {"&quot;", "\""},
                                     {"&#39;", "'"}}) {
    shown = replaced(std::move(shown), reference, c);
  }
  expect(shown.find('&') == std::string::npos ||
             replaced(shown, "&amp;", "").find('&') == std::string::npos,
         "every reference is one of ours");
  shown = replaced(std::move(shown), "&amp;", "&");
  expect(base::html_escaped(shown) == escaped, "a page shows what came");
}

void expect_json(std::string_view text) {
  auto const valid = base::valid_utf8(text);
  expect(base::valid_utf8(valid) == valid, "valid UTF-8 stays as it is");
  auto const escaped = base::json_for_terminals(valid);
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    auto const byte = static_cast<unsigned char>(escaped[i]);
    expect(byte != 0x7FU, "no DEL is left");
    expect(byte != 0xC2U || static_cast<unsigned char>(escaped[i + 1]) >= 0xA0U, "no C1 is left");
  }
  expect(base::valid_utf8(escaped) == escaped, "it is UTF-8 still");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = gatehouse::fuzz::text_of(data, size);
  gatehouse::fuzz::expect_log(text);
  gatehouse::fuzz::expect_log_field(text);
  gatehouse::fuzz::expect_terminal(text);
  gatehouse::fuzz::expect_html(text);
  gatehouse::fuzz::expect_json(text);
  return 0;
}
