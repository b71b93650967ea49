#include "gatehouse/base/escape.hpp"

#include <cstddef>
#include <cstdint>

namespace gatehouse::base {
namespace {

// Length of the well-formed UTF-8 sequence at the front of text, 0 if there is none
// (RFC 3629, 4: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  auto const byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  auto const tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  unsigned const lead = byte(0);
  if (lead < 0x80U) return 1;
  if (lead >= 0xC2U && lead <= 0xDFU) return tail(1) ? 2 : 0;
  if (lead >= 0xE0U && lead <= 0xEFU) {
    if (lead == 0xE0U && byte(1) < 0xA0U) return 0;
    if (lead == 0xEDU && byte(1) > 0x9FU) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0U && lead <= 0xF4U) {
    if (lead == 0xF0U && byte(1) < 0x90U) return 0;
    if (lead == 0xF4U && byte(1) > 0x8FU) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// C0 controls and DEL, or a C1 control in its two-byte form (U+0080 to U+009F).
bool is_control(std::string_view sequence) {
  auto const lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead < 0x20U || lead == 0x7FU;
  return sequence.size() == 2 && lead == 0xC2U && static_cast<unsigned char>(sequence[1]) < 0xA0U;
}

// The length of a character at the front of text that ends a line in some viewers (U+2028, U+2029)
// or changes the direction of text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069); 0
// if there is none.
std::size_t moving_length(std::string_view text) {
  if (text.starts_with("\xD8\x9C")) return 2;
  if (text.size() < 3 || text[0] != '\xE2') return 0;
  auto const last = static_cast<unsigned char>(text[2]);
  bool const isolate = text[1] == '\x81' && last >= 0xA6U && last <= 0xA9U;
  bool const other =
      text[1] == '\x80' && (last == 0x8EU || last == 0x8FU || (last >= 0xA8U && last <= 0xAEU));
  return isolate || other ? 3 : 0;
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  for (char const c : bytes) {
    auto const b = static_cast<unsigned char>(c);
    out += {'\\', 'x', digits[b >> 4U], digits[b & 0xFU]};
  }
}

// Characters that are not escaped like the others of their kind.
struct exceptions {
  std::string_view kept;    // controls that stay as they are
  std::string_view marked;  // characters that get a backslash before them
};

// The text, with everything that a terminal or a viewer would obey written as \xHH.
std::string with_hex(std::string_view text, exceptions const& but) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t const length = utf8_length(text);
    std::string_view const sequence = text.substr(0, length == 0 ? 1 : length);
    bool const kept = length == 1 && but.kept.find(sequence[0]) != std::string_view::npos;
    bool const marked = length == 1 && but.marked.find(sequence[0]) != std::string_view::npos;
    bool const obeyed = length == 0 || moving_length(sequence) > 0 || is_control(sequence);
    if (obeyed && !kept) {
      append_hex(out, sequence);
    } else {
      if (marked) out += '\\';
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

// A character of two or three bytes of UTF-8.
void append_json_escape(std::string& out, std::string_view sequence) {
  constexpr char digits[] = "0123456789abcdef";
  unsigned code = static_cast<unsigned char>(sequence[0]) & (sequence.size() == 2 ? 0x1FU : 0x0FU);
  for (char const c : sequence.substr(1))
    code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  out += "\\u";
  for (unsigned shift = 16; shift > 0; shift -= 4) out += digits[code >> (shift - 4) & 0xFU];
}

}  // namespace

std::string log_escaped(std::string_view text) {
  return with_hex(text, {});
}

std::string log_field_escaped(std::string_view text) {
  return with_hex(text, {.kept = {}, .marked = "\\\""});
}

std::string terminal_escaped(std::string_view text) {
  return with_hex(text, {.kept = "\t\n", .marked = {}});
}

std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t const length = utf8_length(text);
    std::string_view const sequence = text.substr(0, length == 0 ? 1 : length);
    if (sequence == "&") {
      out += "&amp;";
    } else if (sequence == "<") {
      out += "&lt;";
    } else if (sequence == ">") {
      out += "&gt;";
    } else if (sequence == "\"") {
      out += "&quot;";
    } else if (sequence == "'") {
      out += "&#39;";
    } else if (length == 0 || (is_control(sequence) && sequence != "\n" && sequence != "\t")) {
      out += "\xEF\xBF\xBD";
    } else if (moving_length(sequence) > 0) {
      append_hex(out, sequence);
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string json_for_terminals(std::string_view json) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    auto const next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0U;
    if (json[i] == '\x7F') {
      out += "\\u007f";
    } else if (json[i] == '\xC2' && next >= 0x80U && next < 0xA0U) {
      out.append("\\u00").append({digits[next >> 4U], digits[next & 0xFU]});
      ++i;
    } else if (auto const length = moving_length(json.substr(i)); length > 0) {
      append_json_escape(out, json.substr(i, length));
      i += length - 1;
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t const length = utf8_length(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "'";
  for (char const c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + '\'';
}

}  // namespace gatehouse::base
