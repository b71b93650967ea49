#include "gatehouse/app/options.hpp"

#include <algorithm>
#include <boost/program_options/cmdline.hpp>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/option.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <cerrno>
#include <fstream>
#include <map>
#include <span>
#include <system_error>

#include "gatehouse/app/option_rules.hpp"
#include "gatehouse/app/option_values.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::app {
namespace {

namespace po = boost::program_options;

using rule = option_rule;

rule const* find_rule(std::string_view name) {
  auto const all = option_rules();
  auto const found =
      std::find_if(all.begin(), all.end(), [&](rule const& r) { return r.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// " (did you mean ...?)" or nothing.
std::string suggestion(std::string_view name, std::string_view dashes) {
  std::vector<std::string_view> names;
  for (rule const& r : option_rules()) {
    if (r.set != nullptr || !dashes.empty()) names.push_back(r.name);
  }
  auto const near = nearest(name, names);
  if (!near) return {};
  return " (did you mean " + std::string(dashes) + std::string(*near) + "?)";
}

usage_error error_line(std::string_view where, std::string_view text) {
  return {"gatehouse: " + std::string(where) + (where.empty() ? "" : ": ") + std::string(text)};
}

// One option as given by the command line or the file.
struct assignment {
  rule const* what;
  std::string value;
  std::string where;  // "--port" or "site.conf:3: port"
};
using assignments = std::vector<assignment>;

std::variant<assignments, usage_error> read_command_line(int argc, char const* const* argv);
std::variant<assignments, usage_error> read_config_file(std::string const& name);
std::optional<usage_error> apply(options& o, assignments const& given);
std::string help_text();

std::string const* value_of(assignments const& given, std::string_view name) {
  for (assignment const& a : given) {
    if (a.what->name == name) return &a.value;
  }
  return nullptr;
}

}  // namespace

std::variant<options, help, version, usage_error> parse_options(int argc, char const* const* argv) {
  auto const command_line = read_command_line(argc, argv);
  if (auto const* wrong = std::get_if<usage_error>(&command_line)) return *wrong;
  auto const& given = std::get<assignments>(command_line);
  if (value_of(given, "help") != nullptr) return help{help_text()};
  if (value_of(given, "version") != nullptr) return version{"gatehouse " GATEHOUSE_VERSION "\n"};

  options o;
  if (auto const* file = value_of(given, "config")) {
    auto const read = read_config_file(*file);
    if (auto const* wrong = std::get_if<usage_error>(&read)) return *wrong;
    if (auto wrong = apply(o, std::get<assignments>(read))) return *wrong;
  }
  if (auto wrong = apply(o, given)) return *wrong;
  return o;
}

namespace {

po::options_description described() {
  po::options_description all;
  for (rule const& r : option_rules()) {
    std::string const names =
        std::string(r.name) + (r.letter != 0 ? std::string{',', r.letter} : std::string());
    if (r.set == nullptr && r.argument.empty()) {
      all.add_options()(names.c_str(), "");
    } else {
      all.add_options()(names.c_str(), po::value<std::string>(), "");
    }
  }
  return all;
}

// The arguments, with "--pass-auth" written as "--pass-auth=on": an optional value of Boost's takes
// the next argument when it looks like one, and that is often DIRECTORY.
std::vector<std::string> spelled_out(std::span<char const* const> arguments) {
  std::vector<std::string> out(arguments.begin(), arguments.end());
  for (std::string& argument : out) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    rule const* const r = find_rule(std::string_view(argument).substr(2));
    if (r != nullptr && r->set != nullptr && r->argument.empty()) argument += "=on";
  }
  return out;
}

std::variant<assignments, usage_error> read_command_line(int argc, char const* const* argv) {
  using style = po::command_line_style::style_t;
  constexpr int no_guessing = style::unix_style & ~style::allow_guessing;
  auto const known = described();
  po::positional_options_description directory;
  directory.add("root", 1);
  assignments given;
  try {
    std::span<char const* const> const all(argv, static_cast<std::size_t>(argc));
    po::command_line_parser parser(spelled_out(all.subspan(std::min<std::size_t>(1, all.size()))));
    for (auto const& o :
         parser.options(known).positional(directory).style(no_guessing).run().options) {
      std::string const where = o.position_key >= 0 ? "DIRECTORY" : "--" + o.string_key;
      given.push_back(
          {find_rule(o.string_key), o.value.empty() ? std::string() : o.value.front(), where});
    }
  } catch (po::unknown_option const& e) {
    std::string const name = e.get_option_name();
    auto const bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
    return error_line(base::log_escaped(name),
                      "no such option" + suggestion(bare, "--") + "; see gatehouse --help");
  } catch (po::too_many_positional_options_error const&) {
    return error_line("", "more than one DIRECTORY is given; see gatehouse --help");
  } catch (po::error_with_option_name const& e) {
    auto const name = e.get_option_name();
    rule const* const r =
        find_rule(name.substr(std::min(name.find_first_not_of('-'), name.size())));
    if (r != nullptr && !r->argument.empty()) {
      return error_line(name, "needs a value, " + std::string(r->argument));
    }
    return error_line("", base::log_escaped(e.what()));
  } catch (po::error const& e) {
    return error_line("", base::log_escaped(e.what()));
  }
  return given;
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

std::variant<assignment, usage_error> read_config_line(std::string_view line,
                                                       std::string const& where) {
  auto const equals = line.find('=');
  if (equals == std::string_view::npos) {
    return error_line(where, in_quotes(line) + " is not a `key = value` line");
  }
  auto const key = http::trim_ows(line.substr(0, equals));
  rule const* const r = find_rule(key);
  if (r == nullptr || r->set == nullptr) {
    return error_line(where, "no such key " + in_quotes(key) + suggestion(key, ""));
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

std::optional<usage_error> apply(options& o, assignments const& given) {
  std::map<rule const*, std::string> seen;
  for (auto const& [what, value, where] : given) {
    bool const first = seen.emplace(what, where).second;
    if (!first && !what->repeatable) {
      return error_line(where,
                        what->name == "root" ? "the directory is given twice" : "is given twice");
    }
    if (what->set == nullptr) continue;
    if (first && what->clear != nullptr) what->clear(o);
    if (auto const wrong = what->set(o, value)) return error_line(where, *wrong);
  }
  return std::nullopt;
}

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

std::string help_text() {
  std::string out =
      "Usage: gatehouse [OPTIONS] [DIRECTORY]\n"
      "\n"
      "Serves the files of DIRECTORY (default ./www if there is one, else .) and runs the "
      "programs\n"
      "of its cgi-bin, which speak CGI/1.1.\n"
      "\n"
      "Example: gatehouse --port 8080 --cgi-ext .cgi --env LANG=C.UTF-8 ~/site\n";
  std::string_view group;
  for (rule const& r : option_rules()) {
    if (r.group != group) out.append("\n").append(r.group).append(":\n");
    group = r.group;
    std::string left = r.letter != 0 ? std::string("  -") + r.letter + ", --" : "      --";
    left += r.name;
    if (!r.argument.empty()) left.append(" ").append(r.argument);
    out += left;
    append_wrapped(out, r.text, left.size());
  }
  return out;
}

}  // namespace
}  // namespace gatehouse::app
