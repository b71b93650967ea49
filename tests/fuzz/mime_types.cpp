// /etc/mime.types (files/media_type.hpp): whatever the file says, a Content-Type is one media type;
// the last line that names an ending counts, in any case.

#include <cctype>
#include <map>
#include <string>

#include "expect.hpp"
#include "gatehouse/files/media_type.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::fuzz {
namespace {

std::string in_case(std::string_view text, int (*to)(int)) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x80U) c = static_cast<char>(to(c));
  }
  return out;
}

std::string_view take_word(std::string_view& line) {
  constexpr std::string_view blanks = " \t\r\v\f";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  auto const word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word.starts_with('#') ? std::string_view() : word;
}

void expect_media_type(std::string_view value) {
  auto type = take_until(value, "; charset=utf-8");
  expect(value.empty(), "nothing follows the charset");
  expect(http::is_token(take_until(type, "/")) && http::is_token(type), "a media type");
}

// Ending -> media type, as the lines say it.
std::map<std::string, std::string> by_the_book(std::string_view text) {
  std::map<std::string, std::string> types;
  while (!text.empty()) {
    auto line = take_until(text, "\n");
    auto const type = take_word(line);
    auto subtype = type;
    bool const sound = http::is_token(take_until(subtype, "/")) && http::is_token(subtype);
    if (!sound) continue;
    for (auto ending = take_word(line); !ending.empty(); ending = take_word(line)) {
      types[in_case(ending, std::tolower)] = in_case(type, std::tolower);
    }
  }
  return types;
}

void expect_all(std::string_view text) {
  files::media_type_table table;
  table.add(text);
  for (auto const& [ending, type] : by_the_book(text)) {
    auto const value = table.for_name("x." + ending);
    expect_media_type(value);
    bool const gzipped = ending == "svgz" || ending == "x3dz";
    expect(value.starts_with(gzipped ? "application/gzip" : type), "the last line counts");
    expect(table.for_name("x." + in_case(ending, std::toupper)) == value, "case does not matter");
    expect(table.for_name("Y." + ending) == value, "nor does the name");
  }
  expect(table.for_name(text).size() >= 3, "every name has a type");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  gatehouse::fuzz::expect_all(gatehouse::fuzz::text_of(data, size));
  return 0;
}
