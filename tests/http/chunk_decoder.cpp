#include "gatehouse/http/chunk_decoder.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace gatehouse::http;
namespace base = gatehouse::base;

namespace {

constexpr std::uint64_t content_limit = 100;

struct outcome {
  std::string content;
  std::string left;  // bytes behind the body
  base::error_code error;
  bool done = false;
};

// Feeds text in pieces of piece bytes, as a connection does: what is not consumed comes again.
outcome decode(std::string_view text, std::size_t piece, std::size_t room) {
  chunk_decoder decoder(content_limit);
  outcome out;
  std::string buffered;
  std::string space(room, '\0');
  while (!decoder.done()) {
    auto const step = decoder.decode(buffered, space.data(), space.size());
    if (step.has_error()) {
      out.error = step.error();
      return out;
    }
    out.content.append(space, 0, step->produced);
    buffered.erase(0, step->consumed);
    if (decoder.done() || step->produced > 0) continue;
    if (text.empty()) return out;
    buffered.append(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
  }
  out.done = true;
  out.left = buffered + std::string(text);
  return out;
}

}  // namespace

TEST_CASE("a chunked body is decoded however it arrives") {
  std::string_view const text =
      "4\r\nWiki\r\n5;name=value;q=\"a;b\"\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nTrailer: "
      "x\r\n\r\nGET /next";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    for (std::size_t const room : {1U, 3U, 4096U}) {
      CAPTURE(piece);
      CAPTURE(room);
      auto const got = decode(text, piece, room);
      CHECK_FALSE(got.error);
      CHECK(got.done);
      CHECK(got.content == "Wikipedia in\r\n\r\nchunks.");
      CHECK(got.left == "GET /next");
    }
  }
}

TEST_CASE("an empty chunked body may arrive byte by byte") {
  for (std::string_view const text : {"0\r\n\r\n", "000;a=b\r\n\r\n", "0\r\nA: b\r\n\r\n"}) {
    CAPTURE(text);
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      auto const got = decode(text, piece, 1);
      CHECK_FALSE(got.error);
      CHECK(got.done);
      CHECK(got.content.empty());
    }
  }
}

TEST_CASE("chunk framing over its limit is refused however it arrives") {
  std::string const long_extension = "1;" + std::string(9000, 'a') + "\r\nx\r\n0\r\n\r\n";
  std::string const long_trailers = "1\r\nx\r\n0\r\nA: " + std::string(9000, 'a') + "\r\n\r\n";
  for (std::string const& text : {long_extension, long_trailers}) {
    for (std::size_t const piece : {std::size_t{1000}, text.size()}) {
      CAPTURE(piece);
      CHECK(decode(text, piece, 4096).error == base::errc::framing_too_large);
    }
  }
}

TEST_CASE("framing that is out of proportion to its content is refused however it arrives") {
  auto const chunks = [](std::size_t count, std::string const& extension) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "1" + extension + "\r\nx\r\n";
    return text + "0\r\n\r\n";
  };
  struct row {
    std::string_view label;
    std::string text;
    bool refused;
  };
  row const rows[] = {
      {"chunks of one byte", chunks(content_limit, ""), false},
      {"a short extension to each", chunks(content_limit, ";a=b"), false},
      {"a few long extensions", chunks(4, ";" + std::string(4000, 'a')), false},
      {"too many long extensions", chunks(5, ";" + std::string(4000, 'a')), true},
      {"many extensions, none of them long", chunks(content_limit, ";" + std::string(200, 'a')),
       true},
      {"an endless size line", "2;" + std::string(10000, 'a'), true},
      {"endless trailers", "0\r\n" + std::string(10000, 'a'), true},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    for (std::size_t const piece : {std::size_t{7}, std::size_t{1000}, r.text.size()}) {
      CAPTURE(piece);
      auto const got = decode(r.text, piece, 4096);
      CHECK(got.done != r.refused);
      if (r.refused) CHECK(got.error == base::errc::framing_too_large);
    }
  }
}

TEST_CASE("broken chunk framing is refused") {
  struct row {
    std::string_view label;
    std::string text;
  };
  row const rows[] = {
      {"no size", "\r\nab\r\n0\r\n\r\n"},
      {"not hexadecimal", "g\r\nab\r\n"},
      {"a sign", "+2\r\nab\r\n0\r\n\r\n"},
      {"0x", "0x2\r\nab\r\n0\r\n\r\n"},
      {"a space before the size", " 2\r\nab\r\n0\r\n\r\n"},
      {"size over 64 bits", "10000000000000000\r\nab\r\n"},
      {"much over 64 bits", std::string(40, 'f') + "\r\nab\r\n"},
      {"no CRLF after the data", "2\r\nabc\r\n0\r\n\r\n"},
      {"a bare LF after the size", "2\nab\r\n0\r\n\r\n"},
      {"a bare CR in an extension", "2;a\rb\r\nab\r\n0\r\n\r\n"},
      {"an extension that is no token", "2;a=b c\r\nab\r\n0\r\n\r\n"},
      {"a quote left open", "2;a=\"b\r\nab\r\n0;\"\r\n\r\n"},
      {"a space after the size", "2 \r\nab\r\n0\r\n\r\n"},
      {"a trailer line without a colon", "0\r\nabc\r\n\r\n"},
      {"a trailer with a space before the colon", "0\r\na : b\r\n\r\n"},
      {"a trailer that is folded", "0\r\na: b\r\n c\r\n\r\n"},
      {"a NUL in an extension", std::string("2;a=\"\0\"\r\nab\r\n0\r\n\r\n", 18)},
      {"a folded trailer", "2\r\nab\r\n0\r\nA: b\r\n c\r\n\r\n"},
      {"a folded trailer, by a tab", "0\r\nA: b\r\n\tc\r\n\r\n"},
      {"a trailer that begins with a space", "0\r\n A: b\r\n\r\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const got = decode(r.text, r.text.size(), 4096);
    CHECK_FALSE(got.done);
    CHECK(got.error == base::errc::malformed_body);
  }
}

TEST_CASE("the content before broken framing is given, however it arrives") {
  std::string_view const text = "2\r\nab\r\n1\r\nc\r\nnonsense\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece);
    auto const got = decode(text, piece, 4096);
    CHECK(got.error == base::errc::malformed_body);
    CHECK(got.content == "abc");
  }
}

TEST_CASE("a body over its limit is refused when the chunk is announced") {
  struct row {
    std::string_view label;
    std::string text;
  };
  row const rows[] = {
      {"one large chunk", "65\r\n"},
      {"a huge one", "ffffffffffffffff\r\n"},
      {"the sum of two", "60\r\n" + std::string(96, 'a') + "\r\n5\r\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(decode(r.text, r.text.size(), 4096).error == base::errc::body_too_large);
  }
}
