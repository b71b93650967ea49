// Chunked bodies (http/chunk_decoder.hpp): the same content, end and error however the bytes arrive
// and however much room there is, and never more than a strict reading of RFC 9112, 7.1 finds. The
// input is the size of the pieces, the room, a limit, and the body.

#include "gatehouse/http/chunk_decoder.hpp"

#include <optional>
#include <string>

#include "expect.hpp"

namespace gatehouse::fuzz {
namespace {

struct decoded {
  std::string content;
  std::size_t consumed = 0;
  bool done = false;
  std::optional<base::error_code> error;
  bool operator==(decoded const&) const = default;
};

// As the connection does it: pieces arrive, and what is not consumed is given again.
decoded decode(std::string_view body, std::uint64_t limit, std::size_t piece, std::size_t room) {
  http::chunk_decoder decoder(limit);
  decoded result;
  std::string out(room, '\0');
  std::size_t arrived = 0;
  while (!decoder.done()) {
    // A copy of just what arrived, so that a look beyond it shows.
    std::string const in(body.substr(result.consumed, arrived - result.consumed));
    auto const step = decoder.decode({in.data(), in.size()}, out.data(), out.size());
    if (step.has_error()) {
      result.error = step.error();
      break;
    }
    expect(step->consumed <= in.size() && step->produced <= room,
           "a step stays within its buffers");
    result.consumed += step->consumed;
    result.content.append(out, 0, step->produced);
    expect(result.content.size() <= limit, "the content stays within its limit");
    if (step->consumed > 0 || step->produced > 0) continue;
    if (arrived == body.size()) break;
    arrived = std::min(body.size(), arrived + piece);
  }
  result.done = decoder.done();
  return result;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  if (text.size() > 16) return std::nullopt;
  return text.empty() ? 0 : std::stoull(std::string(text), nullptr, 16);
}

// chunked-body = *chunk last-chunk trailer-section CRLF; chunk = chunk-size [ chunk-ext ] CRLF
// chunk-data CRLF. Nothing if the body is not of that form or not whole.
std::optional<decoded> by_the_book(std::string_view body) {
  decoded result{.done = true};
  auto const whole = body.size();
  while (true) {
    auto line = take_until(body, "\r\n");
    if (!is_one_line(line)) return std::nullopt;
    auto const size = hexadecimal(line.substr(0, line.find_first_of("; \t")));
    if (!size) return std::nullopt;
    if (*size == 0) break;
    if (*size > body.size() || body.substr(*size, 2) != "\r\n") return std::nullopt;
    result.content.append(body, 0, *size);
    body.remove_prefix(*size + 2);
  }
  while (!body.starts_with("\r\n")) {
    if (body.find("\r\n") == std::string_view::npos) return std::nullopt;
    auto const line = take_until(body, "\r\n");
    if (line.find(':') == std::string_view::npos || !is_one_line(line)) return std::nullopt;
  }
  result.consumed = whole - body.size() + 2;
  return result;
}

std::string encoded(std::string_view content, std::size_t piece) {
  std::string out;
  while (!content.empty()) {
    auto const chunk = content.substr(0, piece);
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    out.append(size).append(chunk).append("\r\n");
    content.remove_prefix(chunk.size());
  }
  return out + "0\r\n\r\n";
}

void expect_all(std::string_view body, std::uint64_t limit, std::size_t piece, std::size_t room) {
  auto const whole = decode(body, limit, body.size() + 1, body.size() + 1);
  auto const pieces = decode(body, limit, piece, room);
  expect(whole.done == pieces.done && whole.error == pieces.error,
         "the end does not depend on how bytes arrive");
  if (whole.error) return;
  expect(whole.content == pieces.content, "nor does the content");
  if (!whole.done) return;
  expect(whole.consumed == pieces.consumed, "nor what follows the body");
  expect(by_the_book(body) == whole, "what is accepted is so by RFC 9112");
  expect(whole.consumed <= 19 * whole.content.size() + base::limits::framing_excess_bytes + 64,
         "there is not much more framing than content");
  auto const again = encoded(whole.content, piece);
  auto const decoded_again = decode(again, limit, room, piece);
  expect(decoded_again.done && decoded_again.content == whole.content &&
             decoded_again.consumed == again.size(),
         "encoded anew it is the same content");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  constexpr std::size_t prefix = 3;
  if (size < prefix) return 0;
  gatehouse::fuzz::expect_all(gatehouse::fuzz::text_of(data + prefix, size - prefix),
                              data[2] == 0 ? 1U << 30U : data[2] - 1U, data[0] + 1U, data[1] + 1U);
  return 0;
}
