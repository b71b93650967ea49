#pragma once
// The small rules that every field shares (RFC 9110, 5.6): tokens, optional whitespace, lists.
// Pure; views into the caller's text.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gatehouse::http {

// DIGIT (RFC 5234, B.1)
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_token_char(char c);

// token = 1*tchar (RFC 9110, 5.6.2)
bool is_token(std::string_view text);

// Equal without regard to ASCII case.
bool iequals(std::string_view a, std::string_view b);

// Without SP and HTAB at both ends (OWS, RFC 9110, 5.6.3).
std::string_view trim_ows(std::string_view text);

// The elements of a comma-separated list, trimmed, empty ones left out (RFC 9110, 5.6.1.2). Commas
// inside quoted strings do not separate.
std::vector<std::string_view> list_elements(std::string_view value);

// 1*DIGIT without overflow; nothing else around it.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

}  // namespace gatehouse::http
