#include "gatehouse/fastcgi/records.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace gatehouse::fastcgi;
using namespace std::string_literals;

namespace {

std::string record(int type, std::string const& content, std::size_t padding = 0, int id = 1,
                   int version = 1) {
  auto const byte = [](std::size_t n) { return std::string(1, static_cast<char>(n)); };
  return byte(static_cast<std::size_t>(version)) + byte(static_cast<std::size_t>(type)) + '\0' +
         byte(static_cast<std::size_t>(id)) + byte(content.size() >> 8U) + byte(content.size()) +
         byte(padding) + '\0' + content + std::string(padding, 'p');
}

std::string const end_of_request = record(3, "\0\0\1\2\0\0\0\0"s);

// What a decoder says of these bytes, given in pieces of this size.
std::string decoded(std::string_view bytes, std::size_t size) {
  record_decoder decoder;
  std::string out;
  std::string output;
  while (!bytes.empty()) {
    auto piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      auto const got = decoder.next(piece);
      if (got.has_error()) return output + out + "fault: " + std::string(text_of(got.error()));
      if (!*got) break;
      if ((**got).what == piece::kind::output) output += (**got).bytes;
      if ((**got).what == piece::kind::errors) out += "!" + std::string((**got).bytes);
      if ((**got).what == piece::kind::end)
        out += " end " + std::to_string((**got).ended.app_status) + "/" +
               std::to_string(static_cast<int>((**got).ended.status));
    }
  }
  return output + out + (decoder.ended() ? "." : decoder.within_record() ? "..." : "");
}

}  // namespace

TEST_CASE("records are the same in whatever cuts they come") {
  struct row {
    char const* label;
    std::string bytes;
    std::string told;
  };
  row const rows[] = {
      {"an answer", record(6, "hello") + end_of_request, "hello end 258/0."},
      {"in parts, padded", record(6, "hel", 5) + record(6, "lo", 255) + end_of_request,
       "hello end 258/0."},
      {"an end of stdout", record(6, "x") + record(6, "") + end_of_request, "x end 258/0."},
      {"a padded end", record(6, "x") + record(3, std::string(8, '\0'), 8), "x end 0/0."},
      {"overloaded", record(3, "\0\0\0\0\2\0\0\0"s), " end 0/2."},
      {"not whole", record(6, "x").substr(0, 8), "..."},
      {"nothing of the end", record(6, "x"), "x"},
      {"another version", record(6, "x", 0, 1, 2), "fault: a record whose version is not 1"},
      {"an unknown type", record(42, "x"), "fault: a record of a type that no application sends"},
      {"a type of ours", record(4, "x"), "fault: a record of a type that no application sends"},
      {"management", record(10, "", 0, 0), "fault: a record of a type that no application sends"},
      {"another request", record(6, "x", 0, 2), "fault: a record of another request"},
      {"an end too short", record(3, "1234567"), "fault: an FCGI_END_REQUEST that has not 8 bytes"},
      {"an end too long", record(3, "123456789"),
       "fault: an FCGI_END_REQUEST that has not 8 bytes"},
      {"an unknown status", record(3, "\0\0\0\0\7\0\0\0"s),
       "fault: an FCGI_END_REQUEST with an unknown protocol status"},
      {"more behind the end", end_of_request + "x",
       " end 258/0fault: bytes behind FCGI_END_REQUEST"},
  };
  for (auto const& r : rows) {
    CAPTURE(r.label);
    for (std::size_t size = 1; size <= r.bytes.size(); ++size)
      CHECK(decoded(r.bytes, size) == r.told);
  }
  CHECK(decoded(record(7, "a\n") + record(6, "x") + record(7, "b"), 1000) == "x!a\n!b");
}

TEST_CASE("a request is written as FastCGI 1.0 wants it") {
  std::string out;
  append_begin(out);
  CHECK(out == record(1, "\0\1\1\0\0\0\0\0"s));
  out.clear();
  append_end(out, record_type::standard_input);
  CHECK(out == record(5, ""));
  out.clear();
  append_abort(out);
  CHECK(out == record(2, ""));
  out.clear();
  append_stream(out, record_type::standard_input, "hello");
  CHECK(out == record(5, "hello").substr(0, 6) + "\3\0hello\0\0\0"s);
  out.clear();
  append_stream(out, record_type::params, "");
  CHECK(out.empty());
}

TEST_CASE("a stream is cut into records of at most 65,535 bytes, padded to 8") {
  for (std::size_t const size :
       {std::size_t{1}, record_bytes, record_bytes + 1, std::size_t{200'003}}) {
    std::string out;
    append_stream(out, record_type::standard_input, std::string(size, 'x'));
    CHECK(out.size() % 8 == 0);
    std::size_t content = 0;
    for (std::string_view left = out; !left.empty();) {
      auto const one = read_own_header(left);
      CHECK(one.type == record_type::standard_input);
      CHECK(one.content_bytes <= 65'535);
      CHECK(one.whole_bytes % 8 == 0);
      content += one.content_bytes;
      left.remove_prefix(one.whole_bytes);
    }
    CHECK(content == size);
  }
}

TEST_CASE("lengths of names and values take 1 byte, or 4 from 128 on") {
  auto const pair = [](std::size_t name, std::size_t value) {
    std::string out;
    append_pair(out, std::string(name, 'n'), std::string(value, 'v'));
    return out.substr(0, out.size() - name - value);
  };
  CHECK(pair(1, 0) == "\1\0"s);
  CHECK(pair(127, 127) == "\x7f\x7f");
  CHECK(pair(128, 1) == "\x80\0\0\x80\1"s);
  CHECK(pair(3, 70'000) == "\3\x80\1\x11\x70"s);
}
