#pragma once
// What a fuzzer expects to hold for every input. Where it does not, the program ends, and libFuzzer
// keeps the input.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace gatehouse::fuzz {

inline void expect(bool holds, char const* promise) {
  if (holds) return;
  std::fprintf(stderr, "Broken promise: %s\n", promise);
  std::abort();
}

inline std::string_view text_of(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}

// Takes the bytes up to the separator off the front of text, and the separator with them; all of
// text where there is none.
inline std::string_view take_until(std::string_view& text, std::string_view separator) {
  auto const end = std::min(text.find(separator), text.size());
  auto const taken = text.substr(0, end);
  text.remove_prefix(std::min(end + separator.size(), text.size()));
  return taken;
}

// Nothing in it could begin another line or be obeyed by a terminal. field-content allows HTAB
// (RFC 9110, 5.5).
inline bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return (byte < 0x20U && c != '\t') || byte == 0x7FU;
  });
}

}  // namespace gatehouse::fuzz
