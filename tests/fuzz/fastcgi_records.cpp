// What a FastCGI application sends (fastcgi/records.hpp): the same news however the bytes arrive,
// nothing made up, and nothing after a fault. What the server writes is read back as it was meant.

#include <string>

#include "expect.hpp"
#include "gatehouse/fastcgi/records.hpp"

namespace gatehouse::fuzz {
namespace {

using namespace fastcgi;

// Everything that is told, with output and errors joined.
struct heard {
  std::string output;
  std::string errors;
  std::string news;
  bool ended = false;
  bool failed = false;
  bool operator==(heard const&) const = default;
};

heard listen(std::string_view bytes, std::size_t size) {
  record_decoder decoder;
  heard out;
  while (!bytes.empty() && !out.failed) {
    auto piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      auto const before = piece.size();
      auto const got = decoder.next(piece);
      out.failed = got.has_error();
      if (out.failed) out.news += text_of(got.error());
      if (out.failed || !*got) break;
      expect(piece.size() < before, "news take bytes");
      auto const& what = **got;
      if (what.what == fastcgi::piece::kind::output) out.output += what.bytes;
      if (what.what == fastcgi::piece::kind::errors) out.errors += what.bytes;
      if (what.what == fastcgi::piece::kind::record)
        out.news += name_of(what.type) + std::to_string(what.length) + " ";
      if (what.what == fastcgi::piece::kind::end) out.news += std::to_string(what.ended.app_status);
    }
    expect(out.failed || piece.empty(), "all is taken");
  }
  out.ended = decoder.ended();
  return out;
}

void expect_decoded(std::string_view bytes, std::size_t size) {
  auto const whole = listen(bytes, bytes.size() + 1);
  expect(listen(bytes, size) == whole, "the same however it arrives");
  expect(whole.output.size() + whole.errors.size() <= bytes.size(), "nothing is made up");
}

void expect_encoded(std::string_view bytes) {
  std::string stream;
  append_stream(stream, record_type::params, bytes);
  expect(stream.size() % 8 == 0, "records are padded");
  std::string content;
  for (std::string_view left = stream; !left.empty();) {
    auto const one = read_own_header(left);
    expect(one.type == record_type::params && one.whole_bytes <= left.size(), "a whole record");
    content += left.substr(header_bytes, one.content_bytes);
    left.remove_prefix(one.whole_bytes);
  }
  expect(content == bytes, "what is written can be read");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  auto const bytes = gatehouse::fuzz::text_of(data + 1, size - 1);
  gatehouse::fuzz::expect_decoded(bytes, data[0] % 16U + 1U);
  gatehouse::fuzz::expect_encoded(bytes);
  return 0;
}
