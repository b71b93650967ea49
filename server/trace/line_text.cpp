#include "gatehouse/trace/line_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/escape.hpp"

namespace gatehouse::trace {

std::string fixed(double value, int digits) {
  std::array<char, 64> buffer{};
  auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, digits);
  return {buffer.data(), end.ptr};
}

std::string milliseconds_text(std::chrono::steady_clock::duration time) {
  return fixed(std::chrono::duration<double, std::milli>(time).count(), 2);
}

std::string milliseconds_text(timeval const& time) {
  return milliseconds_text(std::chrono::seconds(time.tv_sec) +
                           std::chrono::microseconds(time.tv_usec));
}

std::string one_line(std::string_view text) {
  std::string out;
  for (char const c : base::terminal_escaped(text)) {
    if (c == '\n') {
      out += "\\x0a";
    } else {
      out += c;
    }
  }
  return out;
}

std::string padded(std::string text, std::size_t width) {
  auto const is = base::columns_of(text);
  return is < width ? text.append(width - is, ' ') : text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::vector<std::string_view> head_lines(std::string_view head) {
  auto out = lines_of(head);
  for (auto& line : out) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
  if (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

bool is_text(std::string_view bytes) {
  if (bytes.find('\0') != std::string_view::npos) return false;
  return base::terminal_escaped(bytes).size() < 2 * bytes.size() + 8;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (char const c : bytes) {
    auto const b = static_cast<unsigned char>(c);
    if (!out.empty()) out += ' ';
    out += {digits[b >> 4U], digits[b & 0xFU]};
  }
  return out;
}

std::string origin_text(std::string_view from, std::string_view clause) {
  std::string out = one_line(from);
  if (clause.empty()) return out;
  bool const numbered = clause.front() >= '0' && clause.front() <= '9';
  return out.append(", ").append(numbered ? "RFC 3875, " : "").append(one_line(clause));
}

}  // namespace gatehouse::trace
