#include "gatehouse/config/help_pages.hpp"

#include <algorithm>

#include "gatehouse/config/command_names.hpp"

namespace gatehouse::config {
namespace {

constexpr std::size_t help_column = 32;
constexpr std::size_t help_width = 98;

// Words of text from the column on; `at` is where the first line stands already.
void append_wrapped(std::string& out, std::string_view text, std::size_t at) {
  if (at + 2 > help_column) {
    out += '\n';
    at = 0;
  }
  out.append(help_column - at, ' ');
  at = help_column;
  while (!text.empty()) {
    auto const word = text.substr(0, text.find(' '));
    if (at + word.size() > help_width) {
      while (out.ends_with(' ')) out.pop_back();
      out.append("\n").append(help_column, ' ');
      at = help_column;
    }
    out.append(word).append(" ");
    at += word.size() + 1;
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  while (out.ends_with(' ')) out.pop_back();
  out += '\n';
}

std::string text_of(option_rule const& rule, map_syntaxes kinds) {
  constexpr std::string_view mark = "{kinds}";
  std::string text(rule.text);
  if (auto const at = text.find(mark); at != std::string::npos)
    text.replace(at, mark.size(), names_of(kinds));
  return text;
}

void append_usage(std::string& out) {
  out += "Usage: gatehouse [OPTIONS] [DIRECTORY]\n";
  for (auto const& c : command_names) {
    out.append("       gatehouse ").append(c.name);
    if (!c.arguments.empty()) out.append(" ").append(c.arguments);
    out += '\n';
  }
  out +=
      "\n"
      "Serves the files of DIRECTORY (default ./www if there is one, else .) and runs the "
      "programs\n"
      "of its cgi-bin, which speak CGI/1.1.\n"
      "\n"
      "Example: gatehouse --port 8080 --cgi-ext .cgi --env LANG=C.UTF-8 ~/site\n"
      "\n"
      "Commands (each has its own --help; a directory of that name is served by ./NAME):\n";
  for (auto const& c : command_names) {
    append_help(out, "  " + std::string(c.name), c.summary);
  }
}

std::string everyday_page(map_syntaxes kinds) {
  std::string out;
  append_usage(out);
  out += "\nOptions for every day (gatehouse --help all shows every one):\n";
  for (option_rule const& r : option_rules()) {
    if (r.everyday) append_help(out, r, kinds);
  }
  return out;
}

std::string whole_page(map_syntaxes kinds) {
  std::string out;
  append_usage(out);
  out += "\nSizes are written with k, M or G, times with ms, s, m or h (without: seconds).\n";
  std::string_view group;
  for (option_rule const& r : option_rules()) {
    if (r.group != group) out.append("\n").append(r.group).append(":\n");
    group = r.group;
    append_help(out, r, kinds);
  }
  return out;
}

// A cell of a table: a | would end it, and * and < would be marks.
std::string cell(std::string_view text) {
  std::string out;
  bool code = false;
  for (char const c : text) {
    if (c == '`') code = !code;
    if (c == '|' || (!code && (c == '*' || c == '<' || c == '_'))) out += '\\';
    out += c;
  }
  return out;
}

void append_row(std::string& out, option_rule const& rule, map_syntaxes kinds) {
  out += "| ";
  if (rule.letter != 0) out.append("`-").append(1, rule.letter).append("`, ");
  std::string name = "--" + std::string(rule.name);
  if (!rule.argument.empty()) name.append(" ").append(rule.argument);
  out += "`" + cell(name) + "` | " + cell(rule.by_default) + " | ";
  out += cell(text_of(rule, kinds)) + " |\n";
}

std::string markdown_page(map_syntaxes kinds) {
  std::string out =
      "# Options\n"
      "\n"
      "`gatehouse --help` shows those for every day, `gatehouse --help all` every one. This page "
      "is what\n"
      "`gatehouse --help markdown` prints.\n"
      "\n"
      "Sizes are written with k, M or G, times with ms, s, m or h; a time without a unit is in "
      "seconds. An option\n"
      "whose default is off may stand alone (`--sandbox`) or have a value (`--sandbox=off`).\n"
      "\n"
      "In a file that `--config` names the same names stand without dashes, one a line "
      "(`port = 8080`), and a\n"
      "`#` begins a comment. The command line wins over the file: what it says of a prefix, an "
      "extension or a\n"
      "variable replaces what the file says of the same one, and a list such as `--index` "
      "replaces the file's.\n";
  std::string_view group;
  for (option_rule const& r : option_rules()) {
    if (r.group != group) {
      out.append("\n## ").append(r.group).append("\n\n");
      out += "| option | default | what it does |\n|---|---|---|\n";
    }
    group = r.group;
    append_row(out, r, kinds);
  }
  return out;
}

}  // namespace

std::optional<help_extent> extent_named(std::string_view word) {
  if (word == "all") return help_extent::all;
  if (word == "markdown") return help_extent::markdown;
  return std::nullopt;
}

help_extent extent_of(std::vector<std::string> const& words) {
  auto const named = words.size() == 1 ? extent_named(words.front()) : std::nullopt;
  return named.value_or(help_extent::everyday);
}

std::string help_page(help_extent extent, map_syntaxes kinds) {
  switch (extent) {
    case help_extent::all:
      return whole_page(kinds);
    case help_extent::markdown:
      return markdown_page(kinds);
    case help_extent::everyday:
      break;
  }
  return everyday_page(kinds);
}

void append_help(std::string& page, std::string_view left, std::string_view text) {
  page += left;
  append_wrapped(page, text, left.size());
}

void append_help(std::string& page, option_rule const& rule, map_syntaxes kinds) {
  std::string left = rule.letter != 0 ? std::string("  -") + rule.letter + ", --" : "      --";
  left += rule.name;
  if (!rule.argument.empty()) left.append(" ").append(rule.argument);
  std::string text = text_of(rule, kinds);
  if (!rule.by_default.empty()) text.append(" (default ").append(rule.by_default).append(")");
  append_help(page, left, text);
}

}  // namespace gatehouse::config
