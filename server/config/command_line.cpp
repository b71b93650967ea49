#include "gatehouse/config/command_line.hpp"

#include <algorithm>
#include <boost/program_options/cmdline.hpp>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/option.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/nearest.hpp"
#include "gatehouse/config/option_values.hpp"

namespace gatehouse::config {
namespace {

namespace po = boost::program_options;

bool takes_a_value(option_rule const& r) {
  return r.setter.is_there() || !r.argument.empty();
}

po::options_description described(option_tables const& known) {
  po::options_description all;
  for (auto const table : known.tables) {
    for (option_rule const& r : table) {
      std::string const names =
          std::string(r.name) + (r.letter != 0 ? std::string{',', r.letter} : std::string());
      if (takes_a_value(r)) {
        all.add_options()(names.c_str(), po::value<std::string>(), "");
      } else {
        all.add_options()(names.c_str(), "");
      }
    }
  }
  return all;
}

// The arguments, with "--pass-auth" written as "--pass-auth=on": an optional value of Boost's takes
// the next argument when it looks like one, and that is often DIRECTORY.
std::vector<std::string> spelled_out(option_tables const& known,
                                     std::span<char const* const> arguments) {
  std::vector<std::string> out(arguments.begin(), arguments.end());
  for (std::string& argument : out) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    option_rule const* const r = known.find(std::string_view(argument).substr(2));
    if (r != nullptr && r->setter.is_there() && r->argument.empty()) argument += "=on";
  }
  return out;
}

// A switch takes no word behind it, so that "on" there would be DIRECTORY.
std::optional<usage_error> word_behind_switch(option_tables const& known,
                                              std::span<char const* const> arguments) {
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    std::string_view const argument = arguments[i];
    std::string_view const next = arguments[i + 1];
    if (argument == "--") break;
    if (!argument.starts_with("--") || (next != "on" && next != "off")) continue;
    option_rule const* const r = known.find(argument.substr(2));
    if (r == nullptr || !r->setter.is_there() || !r->argument.empty()) continue;
    return error_line(argument, "its value stands behind a =, as in " + std::string(argument) +
                                    "=" + std::string(next) + "; a directory of that name is ./" +
                                    std::string(next));
  }
  return std::nullopt;
}

std::string_view without_dashes(std::string_view name) {
  return name.substr(std::min(name.find_first_not_of('-'), name.size()));
}

// How others name what is done without an option here.
std::string without_option(std::string_view name) {
  if (name == "directory") return " (the directory is given as it is: gatehouse DIRECTORY)";
  if (name == "cgi") return " (programs in cgi-bin are run without an option)";
  return {};
}

usage_error no_such_option(option_tables const& known, std::string_view argument) {
  auto const name = argument.substr(0, argument.find('='));
  std::vector<std::string_view> names;
  for (auto const table : known.tables) {
    for (option_rule const& r : table) names.push_back(r.name);
  }
  auto hint = without_option(without_dashes(name));
  if (hint.empty()) hint = suggestion(without_dashes(name), names, "--");
  return error_line(base::log_escaped(name),
                    "no such option" + hint + "; see " + std::string(known.help_command));
}

usage_error wrong_value(option_tables const& known, po::error_with_option_name const& e) {
  auto const name = e.get_option_name();
  option_rule const* const r = known.find(without_dashes(name));
  if (r == nullptr) return error_line("", base::log_escaped(e.what()));
  if (!takes_a_value(*r)) return error_line("--" + std::string(r->name), "takes no value");
  if (r->argument.empty()) return error_line("", base::log_escaped(e.what()));
  return error_line(name, "needs a value, " + std::string(r->argument));
}

}  // namespace

option_rule const* option_tables::find(std::string_view name) const {
  for (auto const table : tables) {
    auto const found = std::find_if(table.begin(), table.end(),
                                    [&](option_rule const& r) { return r.name == name; });
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

std::variant<command_line, usage_error> read_command_line(option_tables const& known,
                                                          std::span<char const* const> arguments) {
  using style = po::command_line_style::style_t;
  if (auto wrong = word_behind_switch(known, arguments)) return *wrong;
  constexpr int no_guessing = style::unix_style & ~style::allow_guessing;
  auto const options = described(known);
  command_line out;
  try {
    po::command_line_parser parser(spelled_out(known, arguments));
    for (auto const& o : parser.options(options).style(no_guessing).run().options) {
      std::string const value = o.value.empty() ? std::string() : o.value.front();
      if (o.position_key >= 0) {
        out.words.push_back(value);
      } else {
        out.given.push_back({known.find(o.string_key), value, "--" + o.string_key});
      }
    }
  } catch (po::unknown_option const& e) {
    return no_such_option(known, e.get_option_name());
  } catch (po::error_with_option_name const& e) {
    return wrong_value(known, e);
  } catch (po::error const& e) {
    return error_line("", base::log_escaped(e.what()));
  }
  return out;
}

std::string const* value_of(assignments const& given, std::string_view name) {
  auto const found = std::find_if(given.rbegin(), given.rend(),
                                  [&](assignment const& a) { return a.what->name == name; });
  return found == given.rend() ? nullptr : &found->value;
}

std::string suggestion(std::string_view name, std::vector<std::string_view> const& names,
                       std::string_view dashes) {
  auto const near = base::nearest(name, names);
  if (!near) return {};
  return " (did you mean " + std::string(dashes) + std::string(*near) + "?)";
}

usage_error error_line(std::string_view where, std::string_view text) {
  return {"gatehouse: " + std::string(where) + (where.empty() ? "" : ": ") + std::string(text)};
}

}  // namespace gatehouse::config
