#include "gatehouse/config/options.hpp"

#include <cerrno>
#include <fstream>
#include <map>
#include <span>
#include <system_error>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/config/command_line.hpp"
#include "gatehouse/config/command_names.hpp"
#include "gatehouse/config/help_pages.hpp"
#include "gatehouse/config/option_rules.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::config {
namespace {

using rule = option_rule;

option_tables server_tables() {
  return {.tables = {option_rules()}};
}

// The words that are no options: one, the directory, is an assignment like --root.
std::optional<usage_error> take_directory(command_line& line) {
  if (line.words.size() > 1) {
    return error_line("", "more than one DIRECTORY is given" + command_hint(line.words.front()) +
                              "; see gatehouse --help");
  }
  for (std::string& word : line.words) {
    line.given.push_back({server_tables().find("root"), std::move(word), "DIRECTORY"});
  }
  return std::nullopt;
}

std::variant<assignments, usage_error> read_config_file(std::string const& name);
std::optional<usage_error> apply(options& o, assignments const& given, map_syntaxes kinds);
std::optional<usage_error> check_sandbox(options const& o);

}  // namespace

std::variant<options, help, version, usage_error> parse_options(int argc, char const* const* argv,
                                                                map_syntaxes kinds) {
  std::span<char const* const> const all(argv, static_cast<std::size_t>(argc));
  auto read = read_command_line(server_tables(), all.subspan(all.empty() ? 0 : 1));
  if (auto const* wrong = std::get_if<usage_error>(&read)) return *wrong;
  auto& line = std::get<command_line>(read);
  if (value_of(line.given, "help") != nullptr) return help{help_page(extent_of(line.words), kinds)};
  if (auto wrong = take_directory(line)) return *wrong;
  if (value_of(line.given, "version") != nullptr) return version{};
  auto chosen = options_of(line.given, kinds);
  if (auto const* wrong = std::get_if<usage_error>(&chosen)) return *wrong;
  return std::get<options>(std::move(chosen));
}

std::variant<options, usage_error> options_of(assignments const& given, map_syntaxes kinds) {
  options o;
  if (auto const* file = value_of(given, "config")) {
    auto const read = read_config_file(*file);
    if (auto const* wrong = std::get_if<usage_error>(&read)) return *wrong;
    if (auto wrong = apply(o, std::get<assignments>(read), kinds)) return *wrong;
  }
  if (auto wrong = apply(o, given, kinds)) return *wrong;
  if (auto wrong = check_sandbox(o)) return *wrong;
  return o;
}

namespace {

// What would be read and then do nothing.
std::optional<usage_error> check_sandbox(options const& o) {
  constexpr std::string_view alone = "has no effect without --sandbox";
  if (o.server.sandbox && !o.server.no_new_privs)
    return error_line("--sandbox", "goes with --no-new-privs on alone");
  if (o.server.sandbox) return std::nullopt;
  if (!o.server.sandbox_read.empty()) return error_line("--sandbox-read", alone);
  if (!o.server.sandbox_write.empty()) return error_line("--sandbox-write", alone);
  if (o.server.sandbox_net) return error_line("--sandbox-net", alone);
  return std::nullopt;
}

// A comment begins with a # at the start of the line or after a blank, so that a value may hold
// one.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

std::vector<std::string_view> config_keys() {
  std::vector<std::string_view> out;
  for (rule const& r : option_rules()) {
    if (r.setter.is_there()) out.push_back(r.name);
  }
  return out;
}

std::variant<assignment, usage_error> read_config_line(std::string_view line,
                                                       std::string const& where) {
  // A path or a variable would end at it.
  if (line.find('\0') != std::string_view::npos) return error_line(where, "the line has a NUL");
  // Nobody means it, and no editor shows it: a value would end in it, unseen.
  if (line.find('\r') != std::string_view::npos) {
    return error_line(where, "the line has a carriage return before its end");
  }
  auto const equals = line.find('=');
  if (equals == std::string_view::npos) {
    return error_line(where, in_quotes(line) + " is not a `key = value` line");
  }
  auto const key = http::trim_ows(line.substr(0, equals));
  rule const* const r = server_tables().find(key);
  if (r == nullptr || !r->setter.is_there()) {
    return error_line(where, "no such key " + in_quotes(key) + suggestion(key, config_keys(), ""));
  }
  return assignment{r, std::string(http::trim_ows(line.substr(equals + 1))),
                    where + ": " + std::string(key)};
}

std::variant<assignments, usage_error> read_config_file(std::string const& name) {
  auto const cannot_read = [&] {
    int const error = errno;
    return error_line("--config", "cannot read " + in_quotes(name) + ": " +
                                      std::generic_category().message(error));
  };
  errno = 0;
  std::ifstream file(name);
  if (!file) return cannot_read();
  assignments given;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    auto const text = http::trim_ows(without_comment(line));
    if (text.empty()) continue;
    auto read = read_config_line(text, base::log_escaped(name) + ':' + std::to_string(number));
    if (auto const* wrong = std::get_if<usage_error>(&read)) return *wrong;
    given.push_back(std::get<assignment>(std::move(read)));
  }
  if (file.bad()) return cannot_read();
  return given;
}

std::optional<usage_error> apply(options& o, assignments const& given, map_syntaxes kinds) {
  std::map<rule const*, std::string> seen;
  for (auto const& [what, value, where] : given) {
    bool const first = seen.emplace(what, where).second;
    if (!first && !what->repeatable) {
      return error_line(where,
                        what->name == "root" ? "the directory is given twice" : "is given twice");
    }
    if (!what->setter.is_there()) continue;
    if (first) what->setter.clear(o);
    if (auto const wrong = what->setter.set(o, value, kinds)) return error_line(where, *wrong);
  }
  return std::nullopt;
}

}  // namespace
}  // namespace gatehouse::config
