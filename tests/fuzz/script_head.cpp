// The first bytes of a script (cgi/script_check.hpp): what a `#!` line names does not depend on
// what follows it and survives being printed; and a word quoted for a shell is read back as that
// word.

#include <optional>
#include <string>

#include "expect.hpp"
#include "gatehouse/cgi/script_check.hpp"

namespace gatehouse::fuzz {
namespace {

using kind = cgi::script_head::kind;

bool is_same(cgi::script_head const& a, cgi::script_head const& b) {
  return a.what == b.what && a.carriage_return == b.carriage_return &&
         a.interpreter == b.interpreter && a.argument == b.argument;
}

void expect_sound_line(std::string_view bytes) {
  auto const head = cgi::inspect_head(bytes);
  expect(bytes.starts_with("#!") || (head.interpreter.empty() && head.argument.empty()),
         "no line, no interpreter");
  expect(head.interpreter.find_first_of(" \t\n") == std::string::npos, "an interpreter is a word");
  expect(head.argument.find('\n') == std::string::npos, "an argument is one line");
  expect((head.what == kind::interpreted) == head.interpreter.starts_with('/'),
         "an absolute path is told by its slash");
  if (!bytes.starts_with("#!")) return;
  auto const line = bytes.substr(0, bytes.find('\n'));
  expect(is_same(cgi::inspect_head(line), head), "only the first line matters");
  auto const printed =
      "#! " + head.interpreter + "\t " + head.argument + (head.carriage_return ? " \r\n" : " \n");
  expect(is_same(cgi::inspect_head(printed), head), "printed it is the same line");
}

// The word that a POSIX shell (XCU, 2.2) makes of text; nothing if it would do more with it than
// read one word.
std::optional<std::string> shell_word(std::string_view text) {
  constexpr std::string_view special = "|&;<>()$`\" \t\n*?[#~=!{}\r";
  std::string word;
  while (!text.empty()) {
    if (text.starts_with('\'')) {
      text.remove_prefix(1);
      if (text.find('\'') == std::string_view::npos) return std::nullopt;
      word += take_until(text, "'");
    } else if (text.starts_with("\\'")) {
      word += '\'';
      text.remove_prefix(2);
    } else if (text[0] == '\\' || special.find(text[0]) != std::string_view::npos) {
      return std::nullopt;
    } else {
      word += text[0];
      text.remove_prefix(1);
    }
  }
  return word;
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace gatehouse;
  auto const bytes = fuzz::text_of(data, size);
  fuzz::expect_sound_line(bytes);
  auto const quoted = cgi::shell_quoted(bytes);
  fuzz::expect(!quoted.empty() && fuzz::shell_word(quoted) == bytes, "a shell reads the same word");
  return 0;
}
