#include "gatehouse/wsgi/frames.hpp"

#include <algorithm>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::wsgi {
namespace {

constexpr std::size_t number_bytes = 4;

void append_number(std::string& out, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
}

std::size_t number_in(std::string_view bytes) {
  std::size_t out = 0;
  for (char const c : bytes.substr(0, number_bytes))
    out = (out << 8U) | static_cast<unsigned char>(c);
  return out;
}

bool has_nul(std::string const& text) {
  return text.find('\0') != std::string::npos;
}

// Writes a number over the bytes that were kept free for it.
void put_number(std::string& into, std::size_t at, std::size_t value) {
  std::string number;
  append_number(number, value);
  into.replace(at, number.size(), number);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto const lf = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, lf));
    text.remove_prefix(std::min(lf + 1, text.size()));
  }
  return out;
}

// The length that a frame of this letter may have.
std::pair<std::size_t, std::size_t> lengths_of(char kind) {
  switch (kind) {
    case 'D':
      return {0, base::limits::wsgi_data_frame_bytes};
    case 'E':
      return {0, 0};
    case 'P':
      return {number_bytes, number_bytes};
    case 'T':
      return {0, base::limits::wsgi_text_frame_bytes};
    default:
      return {1, 0};
  }
}

}  // namespace

std::string request_frame(std::vector<gateway::meta_variable> const& variables,
                          std::string_view first_of_body) {
  std::size_t size = frame_head_bytes + number_bytes + first_of_body.size();
  for (auto const& v : variables) size += v.name.size() + v.value.size() + 2;
  std::string out;
  out.reserve(size);
  out.assign(1, 'R').append(2 * number_bytes, '\0');
  auto const start = out.size();
  for (auto const& v : variables) {
    if (has_nul(v.name) || has_nul(v.value)) continue;
    out.append(v.name).push_back('\0');
    out.append(v.value).push_back('\0');
  }
  auto const environ_bytes = out.size() - start;
  out.append(first_of_body);
  put_number(out, 1, out.size() - frame_head_bytes);
  put_number(out, frame_head_bytes, environ_bytes);
  return out;
}

std::string body_frame_head(std::size_t size) {
  std::string out = "B";
  append_number(out, size);
  return out;
}

std::string_view cancel_frame() {
  using namespace std::string_view_literals;
  return "C\0\0\0\0"sv;
}

std::string_view frame_name(char kind) {
  switch (kind) {
    case 'R':
      return "request";
    case 'B':
      return "body";
    case 'C':
      return "cancel";
    case 'P':
      return "body wanted";
    case 'D':
      return "answer";
    case 'E':
      return "end";
    default:
      return "exception";
  }
}

base::result<answer_decoder::step> answer_decoder::next(std::string_view bytes) {
  if (kind_ == 0) return begin_frame(bytes);
  auto const content = bytes.substr(0, left_);
  if (content.empty()) return step{};
  left_ -= content.size();
  if (kind_ == 'D') {
    if (left_ == 0) kind_ = 0;
    return step{.what = event::data, .consumed = content.size(), .data = content};
  }
  collected_.append(content);
  if (left_ > 0) return step{.consumed = content.size()};
  return whole_frame(content.size());
}

base::result<answer_decoder::step> answer_decoder::begin_frame(std::string_view bytes) {
  auto const head = bytes.substr(0, frame_head_bytes - collected_.size());
  collected_.append(head);
  if (collected_.size() < frame_head_bytes) return step{.consumed = head.size()};
  auto const kind = collected_[0];
  auto const length = number_in(std::string_view(collected_).substr(1));
  auto const [least, most] = lengths_of(kind);
  if (length < least || length > most) return base::errc::malformed_body;
  collected_.clear();
  kind_ = kind;
  left_ = length;
  if (length == 0 && kind == 'D') kind_ = 0;
  step out{.consumed = head.size()};
  if (length == 0 && kind != 'D') out = whole_frame(head.size());
  out.frame = kind;
  out.length = length;
  return out;
}

answer_decoder::step answer_decoder::whole_frame(std::size_t consumed) {
  auto const kind = std::exchange(kind_, 0);
  if (kind == 'E') return {.what = event::end, .consumed = consumed};
  if (kind == 'T') return {.what = event::trouble, .consumed = consumed};
  auto const wanted = number_in(std::exchange(collected_, {}));
  return {.what = event::pull, .consumed = consumed, .wanted = wanted};
}

trouble answer_decoder::take_trouble() {
  auto const text = std::exchange(collected_, {});
  std::string_view rest = text;
  auto const word = [&rest] {
    auto const nul = std::min(rest.find('\0'), rest.size());
    std::string out(rest.substr(0, nul));
    rest.remove_prefix(std::min(nul + 1, rest.size()));
    return out;
  };
  wsgi::trouble out;
  out.code = word();
  out.sentence = word();
  out.traceback = lines_of(rest);
  return out;
}

base::result<std::optional<control_frame>> take_control_frame(std::string& from) {
  if (from.size() < frame_head_bytes) return std::optional<control_frame>();
  auto const length = number_in(std::string_view(from).substr(1));
  if (length > base::limits::wsgi_text_frame_bytes) return base::errc::malformed_body;
  if (from.size() < frame_head_bytes + length) return std::optional<control_frame>();
  control_frame out{from[0], from.substr(frame_head_bytes, length)};
  from.erase(0, frame_head_bytes + length);
  return std::optional(std::move(out));
}

}  // namespace gatehouse::wsgi
