#include "gatehouse/base/escape.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::base;

TEST_CASE("what goes to the log cannot leave its line") {
  struct row {
    std::string_view label;
    std::string text;
    char const* expected;
  };
  row const rows[] = {
      {"plain", "abc", "abc"},
      {"line ends", "a\r\nb", "a\\x0d\\x0ab"},
      {"a terminal escape", "\x1B[31m", "\\x1b[31m"},
      {"NUL", std::string(1, '\0'), "\\x00"},
      {"DEL", "\x7F", "\\x7f"},
      {"a C1 control", "\xC2\x9B", "\\xc2\\x9b"},
      {"a command with quotes and a backslash", "sed -i 's/\\r$//' \"$f\"",
       "sed -i 's/\\r$//' \"$f\""},
      {"valid UTF-8", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8C\xB3",
       "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8C\xB3"},
      {"text turned round",
       "a\xE2\x80\xAE"
       "b",
       "a\\xe2\\x80\\xaeb"},
      {"an isolate", "\xE2\x81\xA7", "\\xe2\\x81\\xa7"},
      {"a mark of direction", "\xD8\x9C", "\\xd8\\x9c"},
      {"Unicode's line separator", "\xE2\x80\xA8", "\\xe2\\x80\\xa8"},
      {"a joiner", "\xE2\x80\x8D", "\xE2\x80\x8D"},
      {"a stray byte", "\xFF", "\\xff"},
      {"a cut sequence", "\xE2\x82", "\\xe2\\x82"},
      {"an overlong form", "\xC0\xAF", "\\xc0\\xaf"},
      {"a surrogate", "\xED\xA0\x80", "\\xed\\xa0\\x80"},
      {"above U+10FFFF", "\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(log_escaped(r.text) == r.expected);
  }
}

TEST_CASE("a quoted field of a log line ends where it ends") {
  struct row {
    std::string_view label;
    std::string text;
    char const* expected;
  };
  row const rows[] = {
      {"plain", "abc", "abc"},
      {"quote and backslash", "\"\\", "\\\"\\\\"},
      {"a backslash before the end", "a\\", "a\\\\"},
      {"line ends", "a\r\nb", "a\\x0d\\x0ab"},
      {"what looks like an escape", "\\x0a", "\\\\x0a"},
      {"text turned round", "\xE2\x80\xAE", "\\xe2\\x80\\xae"},
      {"valid UTF-8", "caf\xC3\xA9", "caf\xC3\xA9"},
      {"a stray byte", "\xFF", "\\xff"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(log_field_escaped(r.text) == r.expected);
  }
}

TEST_CASE("what goes to a terminal cannot command it") {
  struct row {
    std::string_view label;
    std::string text;
    char const* expected;
  };
  row const rows[] = {
      {"plain, with quotes and backslashes", "a \"b\" \\c", "a \"b\" \\c"},
      {"tab and line feed stay", "a\tb\nc", "a\tb\nc"},
      {"a terminal escape", "\x1B]0;x\x07", "\\x1b]0;x\\x07"},
      {"a carriage return", "a\rb", "a\\x0db"},
      {"a C1 control", "\xC2\x9B", "\\xc2\\x9b"},
      {"text turned round", "\xE2\x80\xAE", "\\xe2\\x80\\xae"},
      {"a C1 control in one byte", "\x9B", "\\x9b"},
      {"valid UTF-8", "\xC3\xA9", "\xC3\xA9"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(terminal_escaped(r.text) == r.expected);
  }
}

TEST_CASE("what goes into a page stays text") {
  struct row {
    std::string_view label;
    std::string text;
    char const* expected;
  };
  row const rows[] = {
      {"plain", "abc", "abc"},
      {"markup", "<a href=\"x\">'&</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&lt;/a&gt;"},
      {"tab and line feed stay", "a\tb\nc", "a\tb\nc"},
      {"other controls", "a\rb\x1B",
       "a\xEF\xBF\xBD"
       "b\xEF\xBF\xBD"},
      {"NUL", std::string(1, '\0'), "\xEF\xBF\xBD"},
      {"valid UTF-8", "\xC3\xA9", "\xC3\xA9"},
      {"stray bytes, one by one", "\xFF\xFE", "\xEF\xBF\xBD\xEF\xBF\xBD"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(html_escaped(r.text) == r.expected);
  }
}

TEST_CASE("in HTML no text turns the letters behind it round") {
  CHECK(html_escaped("a\xE2\x80\xAE\xD8\x9C\xE2\x82\xAC") ==
        "a\\xe2\\x80\\xae\\xd8\\x9c\xE2\x82\xAC");
}

TEST_CASE("text is made valid UTF-8 and nothing else changes") {
  CHECK(valid_utf8("a\n<\xC3\xA9") == "a\n<\xC3\xA9");
  CHECK(valid_utf8("a\xFF"
                   "b") ==
        "a\xEF\xBF\xBD"
        "b");
}

TEST_CASE("the controls that JSON allows are escaped for terminals") {
  CHECK(json_for_terminals("\"a\\u001b\x7F\xC2\x9B\xC3\xA9\"") ==
        "\"a\\u001b\\u007f\\u009b\xC3\xA9\"");
  CHECK(json_for_terminals("\"\xE2\x80\xAE\xD8\x9C\xE2\x82\xAC\"") ==
        "\"\\u202e\\u061c\xE2\x82\xAC\"");
}

TEST_CASE("a word is quoted for the shell when it has to be") {
  CHECK(shell_quoted("/usr/bin/a-b_1.0") == "/usr/bin/a-b_1.0");
  CHECK(shell_quoted("a b") == "'a b'");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("$(x)") == "'$(x)'");
  CHECK(shell_quoted("") == "''");
}
