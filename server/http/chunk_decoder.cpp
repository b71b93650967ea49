#include "gatehouse/http/chunk_decoder.hpp"

#include <algorithm>
#include <cstring>

#include "gatehouse/http/grammar.hpp"

namespace gatehouse::http {
namespace {

constexpr std::string_view line_end = "\r\n";

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_token(std::string_view& text) {
  auto const* const end = std::find_if_not(text.begin(), text.end(), is_token_char);
  auto const size = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(size);
  return size > 0;
}

// What follows the opening quote of a quoted-string (RFC 9110, 5.6.4).
bool take_quoted(std::string_view& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) (RFC 9112, 7.1.1).
// The server ignores extensions, but refuses a quote that is left open: another server might read
// on to where it is closed, behind the end of the line.
bool is_extensions(std::string_view text) {
  while (!text.empty()) {
    text = without_blanks(text);
    if (!take(text, ';')) return false;
    text = without_blanks(text);
    if (!take_token(text)) return false;
    auto rest = without_blanks(text);
    if (!take(rest, '=')) continue;
    text = without_blanks(rest);
    if (!(take(text, '"') ? take_quoted(text) : take_token(text))) return false;
  }
  return true;
}

// field-line = field-name ":" OWS field-value OWS (RFC 9112, 5); no obs-fold.
bool is_field_line(std::string_view line) {
  return is_token(line.substr(0, line.find(':'))) && line.find(':') != std::string_view::npos;
}

// Takes chunk-size = 1*HEXDIG off the front of a line; nothing without one, or over 64 bits.
std::optional<std::uint64_t> take_size(std::string_view& line) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint64_t size = 0;
  std::size_t count = 0;
  for (; count < line.size(); ++count) {
    bool const letter = line[count] >= 'A' && line[count] <= 'F';
    auto const digit =
        digits.find(letter ? static_cast<char>(line[count] + ('a' - 'A')) : line[count]);
    if (digit == std::string_view::npos) break;
    if (size >> 60U != 0) return std::nullopt;
    size = size << 4U | digit;
  }
  line.remove_prefix(count);
  return count > 0 ? std::optional(size) : std::nullopt;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20U && c != '\t') || c == '\x7F';
}

}  // namespace

base::result<chunk_decoder::step> chunk_decoder::decode(std::string_view in, char* out,
                                                        std::size_t out_size) {
  step taken;
  while (!done() && taken.produced < out_size) {
    auto const rest = in.substr(taken.consumed);
    if (rest.empty()) break;
    if (next_ == part::content) {
      auto const size = take_content(rest, out + taken.produced, out_size - taken.produced);
      taken.consumed += size;
      taken.produced += size;
      continue;
    }
    auto const before = *this;
    auto const size = take_framing(rest);
    if (size.has_error()) {
      if (taken.produced == 0) return size.error();
      // The content that came before the error is returned first; the next call finds it again.
      *this = before;
      break;
    }
    if (*size == 0) break;
    taken.consumed += *size;
  }
  return taken;
}

// The size of the next line of framing; 0 if the line has not arrived yet.
base::result<std::size_t> chunk_decoder::take_framing(std::string_view in) {
  if (next_ == part::content_end && !line_end.starts_with(in.substr(0, line_end.size())))
    return base::errc::malformed_body;
  auto const lf = in.find('\n');
  auto const size = lf == std::string_view::npos ? in.size() : lf + 1;
  if (size > framing_room_) return base::errc::framing_too_large;
  if (lf == std::string_view::npos) return std::size_t{0};
  framing_room_ -= size;
  framing_excess_ += size;
  if (!in.substr(0, size).ends_with(line_end)) return base::errc::malformed_body;
  if (auto const wrong = read_line(in.substr(0, size - line_end.size()))) return *wrong;
  if (framing_excess_ > base::limits::framing_excess_bytes) return base::errc::framing_too_large;
  return size;
}

std::size_t chunk_decoder::take_content(std::string_view in, char* out, std::size_t out_size) {
  auto const there = std::min(in.size(), out_size);
  auto const size = static_cast<std::size_t>(std::min<std::uint64_t>(there, content_left_));
  std::memcpy(out, in.data(), size);
  content_left_ -= size;
  if (content_left_ == 0) next_ = part::content_end;
  return size;
}

std::optional<base::errc> chunk_decoder::read_line(std::string_view line) {
  if (std::any_of(line.begin(), line.end(), is_control)) return base::errc::malformed_body;
  if (next_ == part::size_line) return read_size_line(line);
  if (next_ == part::trailers) {
    if (line.empty()) {
      next_ = part::end;
    } else if (!is_field_line(line)) {
      return base::errc::malformed_body;
    }
    return std::nullopt;
  }
  next_ = part::size_line;
  framing_room_ = base::limits::chunk_framing_bytes;
  return std::nullopt;
}

// chunk-size [ chunk-ext ]
std::optional<base::errc> chunk_decoder::read_size_line(std::string_view line) {
  auto const size = take_size(line);
  if (!size || !is_extensions(line)) return base::errc::malformed_body;
  if (*size > room_) return base::errc::body_too_large;
  room_ -= *size;
  content_left_ = *size;
  next_ = *size > 0 ? part::content : part::trailers;
  framing_room_ = base::limits::chunk_framing_bytes;
  allow_framing_for(*size);
  return std::nullopt;
}

// Extensions and trailers are read and dropped. Without a limit for them beside that of the
// content, a body of a few bytes could keep the server reading without end.
void chunk_decoder::allow_framing_for(std::uint64_t content_bytes) {
  auto const take_off = [this](std::uint64_t bytes) {
    framing_excess_ -= std::min(framing_excess_, bytes);
  };
  take_off(base::limits::framing_for_each_chunk_bytes);
  take_off(content_bytes);
  take_off(content_bytes);
}

}  // namespace gatehouse::http
