#include "gatehouse/wsgi/frames.hpp"

#include <doctest/doctest.h>

#include <string>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using namespace std::string_literals;
using wsgi::answer_decoder;
using event = answer_decoder::event;

namespace {

std::string frame(char kind, std::string const& content) {
  auto const size = content.size();
  std::string out(1, kind);
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xFFU);
  return out + content;
}

// What the decoder makes of the bytes when they come in pieces of so many: one letter for each
// event, and the data between.
std::string decoded(std::string const& bytes, std::size_t piece, answer_decoder& decoder) {
  std::string out;
  for (std::size_t start = 0; start < bytes.size(); start += piece) {
    auto rest = std::string_view(bytes).substr(start, piece);
    while (!rest.empty()) {
      auto const step = decoder.next(rest);
      if (step.has_error()) return out + "!";
      rest.remove_prefix(step->consumed);
      if (step->what == event::data) out += step->data;
      if (step->what == event::pull) out += "<pull " + std::to_string(step->wanted) + ">";
      if (step->what == event::end) out += "<end>";
      if (step->what == event::trouble) out += "<trouble>";
    }
  }
  return out;
}

}  // namespace

TEST_CASE("a request's frame holds names and values with NUL between, then the body") {
  std::vector<gateway::meta_variable> const variables{
      {"A", "1", "", "", {}}, {"B", "", "", "", {}}, {"C\xC3\xA4", "\xFF", "", "", {}}};
  auto const variables_bytes = "A\0001\0B\0\0C\xC3\xA4\0\xFF\0"s;
  auto const content =
      "\0\0\0"s + static_cast<char>(variables_bytes.size()) + variables_bytes + "body";
  CHECK(wsgi::request_frame(variables, "body") == frame('R', content));
}

TEST_CASE("a variable with a NUL in it never becomes two") {
  std::vector<gateway::meta_variable> const variables{{"A", "1\0B\0002"s, "", "", {}},
                                                      {"X\0Y"s, "1", "", "", {}}};
  CHECK(wsgi::request_frame(variables, {}) == frame('R', "\0\0\0\0"s));
}

TEST_CASE("what a worker sends is decoded however it is cut") {
  struct row {
    char const* label;
    std::string bytes;
    std::string expected;
  };
  auto const most = std::string("\0\4\0\0", 4);
  row const rows[] = {
      {"an answer", frame('D', "head and piece") + frame('E', ""), "head and piece<end>"},
      {"pieces", frame('D', "one") + frame('D', "two") + frame('E', ""), "onetwo<end>"},
      {"an empty piece", frame('D', "") + frame('D', "x") + frame('E', ""), "x<end>"},
      {"a pull", frame('P', most) + frame('D', "x") + frame('E', ""), "<pull 262144>x<end>"},
      {"trouble", frame('T', "code\0why\0a\nb\n"s), "<trouble>"},
      {"an unknown letter", frame('D', "x") + frame('Q', "x"), "x!"},
      {"an end with content", frame('E', "x"), "!"},
      {"a short pull", frame('P', "abc"), "!"},
      {"too much data at once", "D\xFF\xFF\xFF\xFFx"s, "!"},
      {"too much trouble", "T\0\xFF\xFF\xFFx"s, "!"},
  };
  for (auto const& r : rows) {
    for (std::size_t const piece : {1U, 2U, 3U, 7U, 1000U}) {
      CAPTURE(r.label);
      CAPTURE(piece);
      answer_decoder decoder;
      CHECK(decoded(r.bytes, piece, decoder) == r.expected);
    }
  }
}

TEST_CASE("trouble is a code, a sentence and the lines of a traceback") {
  answer_decoder decoder;
  CHECK(decoded(frame('T', "wsgi-exception\0ValueError: x\0one\ntwo"s), 4, decoder) == "<trouble>");
  auto const told = decoder.take_trouble();
  CHECK(told.code == "wsgi-exception");
  CHECK(told.sentence == "ValueError: x");
  CHECK(told.traceback == std::vector<std::string>{"one", "two"});
  answer_decoder other;
  CHECK(decoded(frame('T', "alone"), 1, other) == "<trouble>");
  CHECK(other.take_trouble().traceback.empty());
}

TEST_CASE("a frame of a control socket is taken when it is whole") {
  auto bytes = frame('R', "") + frame('S', "12") + "D\0"s;
  CHECK((*wsgi::take_control_frame(bytes))->kind == 'R');
  auto const second = *wsgi::take_control_frame(bytes);
  CHECK(second->kind == 'S');
  CHECK(second->text == "12");
  CHECK_FALSE(wsgi::take_control_frame(bytes)->has_value());
  bytes = "T\xFF\xFF\xFF\xFF"s;
  CHECK(wsgi::take_control_frame(bytes).has_error());
}

TEST_CASE("a frame that begins is told once, with its letter and length") {
  answer_decoder decoder;
  std::string told;
  auto const all =
      frame('D', "abc") + frame('P', std::string(4, '\1')) + frame('D', "") + frame('E', "");
  for (char const byte : all) {
    auto const step = decoder.next({&byte, 1});
    REQUIRE(step.has_value());
    if (step->frame != 0) told += step->frame + std::to_string(step->length) + " ";
  }
  CHECK(told == "D3 P4 D0 E0 ");
}
