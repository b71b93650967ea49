#include "gatehouse/http/percent.hpp"

namespace gatehouse::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// pchar without pct-encoded, and "/" (RFC 3986, 3.3)
bool stands_in_path(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  if (text.find('%') == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    int const high = hex_value(text[i + 1]);
    int const low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string percent_encoded_path(std::string_view path) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(path.size());
  for (char const c : path) {
    if (stands_in_path(c)) {
      out += c;
    } else {
      auto const b = static_cast<unsigned char>(c);
      out += {'%', digits[b >> 4U], digits[b & 0xFU]};
    }
  }
  return out;
}

std::string path_reference(std::string_view path) {
  std::string out;
  for (char const c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  return percent_encoded_path(out);
}

}  // namespace gatehouse::http
