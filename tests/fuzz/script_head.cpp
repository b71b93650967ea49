// The first bytes of a script (gateway/script_check.hpp): what a `#!` line names does not depend on
// what follows it and survives being printed; a command that is to mend it does that and no more;
// and a word quoted for a shell is read back as that word.

#include <optional>
#include <string>
#include <vector>

#include "expect.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/gateway/script_check.hpp"
#include "memory_file.hpp"

namespace gatehouse::fuzz {
namespace {

using kind = gateway::script_head::kind;

bool is_same(gateway::script_head const& a, gateway::script_head const& b) {
  return a.what == b.what && a.carriage_return == b.carriage_return &&
         a.interpreter == b.interpreter && a.argument == b.argument;
}

void expect_sound_line(std::string_view bytes) {
  auto const head = gateway::inspect_head(bytes);
  expect(bytes.starts_with("#!") || (head.interpreter.empty() && head.argument.empty()),
         "no line, no interpreter");
  expect(head.interpreter.find_first_of(" \t\n") == std::string::npos, "an interpreter is a word");
  expect(head.argument.find('\n') == std::string::npos, "an argument is one line");
  expect((head.what == kind::interpreted) == head.interpreter.starts_with('/'),
         "an absolute path is told by its slash");
  if (!bytes.starts_with("#!")) return;
  auto const line = bytes.substr(0, bytes.find('\n'));
  expect(is_same(gateway::inspect_head(line), head), "only the first line matters");
  auto const printed =
      "#! " + head.interpreter + "\t " + head.argument + (head.carriage_return ? " \r\n" : " \n");
  expect(is_same(gateway::inspect_head(printed), head), "printed it is the same line");
}

// The words that a POSIX shell (XCU, 2.2) reads; nothing if it would do more with the text than
// that.
std::optional<std::vector<std::string>> shell_words(std::string_view text) {
  constexpr std::string_view special = "|&;<>()$`\"\t\n*?[#~{}\r\\";
  std::vector<std::string> words;
  bool in_word = false;
  while (!text.empty()) {
    char const c = text[0];
    bool const blank = c == ' ';
    if (!blank && !in_word) words.emplace_back();
    in_word = !blank;
    if (text.starts_with("\\'")) {
      words.back() += '\'';
      text.remove_prefix(2);
      continue;
    }
    if (special.find(c) != std::string_view::npos) return std::nullopt;
    text.remove_prefix(1);
    if (c == '\'') {
      if (text.find('\'') == std::string_view::npos) return std::nullopt;
      words.back() += take_until(text, "'");
    } else if (!blank) {
      words.back() += c;
    }
  }
  return words;
}

void expect_one_word(std::string_view bytes) {
  auto const words = shell_words(base::shell_quoted(bytes));
  expect(words && words->size() == 1 && words->front() == bytes, "a shell reads the same word");
}

// What is said of a script with these bytes.
void expect_sound_findings(std::string_view bytes) {
  static memory_file const file;
  file.write(bytes);
  for (auto const& finding :
       gateway::start_findings(file.name(), {.path_variable = "/usr/bin:/bin"})) {
    expect(!finding.reason.empty() && !finding.help.explanation.empty(), "a finding has a reason");
    expect(shell_words(finding.help.command).has_value(), "a command does what it says");
  }
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const bytes = gatehouse::fuzz::text_of(data, size);
  gatehouse::fuzz::expect_sound_line(bytes);
  gatehouse::fuzz::expect_sound_findings(bytes);
  gatehouse::fuzz::expect_one_word(bytes);
  return 0;
}
