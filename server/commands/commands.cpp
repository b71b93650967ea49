#include "gatehouse/commands/commands.hpp"

#include <algorithm>
#include <iostream>
#include <limits>

#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/commands/check.hpp"
#include "gatehouse/commands/explain.hpp"
#include "gatehouse/commands/new.hpp"
#include "gatehouse/commands/tour.hpp"
#include "gatehouse/config/command_names.hpp"
#include "gatehouse/config/help_pages.hpp"
#include "gatehouse/config/option_values.hpp"

namespace gatehouse::commands {
namespace {

constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

// An option of a command's own.
constexpr config::option_rule own(char letter, std::string_view name, std::string_view argument,
                                  std::string_view text, bool repeatable = false) {
  return {"Options", letter, name, argument, repeatable, {}, {}, text};
}

constexpr config::option_rule check_options[] = {
    own(0, "run", "", "also run each program with a GET (10 s at most) and read what it prints"),
    own(0, "json", "", "print JSON"),
};

constexpr config::option_rule explain_options[] = {
    own('X', "method", "METHOD", "the request's method (default GET; POST with --data)"),
    own('H', "header", "'NAME: VALUE'", "a header field of the request; repeatable", true),
    own('d', "data", "TEXT|@FILE", "the request's body; @- reads standard input"),
    own(0, "run", "", "also run the program"),
    own(0, "as-shell", "", "print a shell command that runs the program without a server"),
    own(0, "json", "", "print JSON"),
};

// Options of the server that say what a command looks at.
constexpr std::string_view site_options[] = {"root",        "cgi-bin", "map", "wsgi", "cgi-ext",
                                             "interpreter", "warm",    "env", "user", "config"};

constexpr config::option_rule tour_options[] = {
    own(0, "no-open", "", "open no browser"),
};
constexpr std::string_view tour_server_options[] = {"port", "bind", "env", "sandbox", "config"};

int help_command(command_call const& call);
int version_command(command_call const& call);

constexpr command all_commands[] = {
    {"explain",
     "Says what the server would do with a request for TARGET, such as '/cgi-bin/env.sh/a?b=c':\n"
     "which directory answers, which program or application, with which variables and input.\n"
     "No server runs.\n"
     "Exit status: 0 it is answered; 1 it is not, or not well: an error (4xx, 5xx), or with --run "
     "an\n"
     "answer that is cut or behind which the program fails; 2 a wrong\n"
     "command line.\n",
     1, 1, "TARGET", explain_options, site_options, explain_command},
    {"check",
     "Says what is wrong with each SCRIPT, or with every program that the server would run: what\n"
     "keeps it from being started (errors), and what is unwise (warnings). Python applications\n"
     "are imported, and addresses of others are connected to.\n"
     "Exit status: 0 no errors, 1 errors, 2 a wrong command line.\n",
     0, any_number, "SCRIPT", check_options, site_options, check_command},
    {"new",
     "Makes a small program that works, with comments that explain it, in the directory that the\n"
     "server would run it from. Of NAME.c the source is made, and with cc the program NAME. "
     "NAME.php\n"
     "needs --interpreter. Nothing is overwritten.\n",
     1,
     1,
     "NAME",
     {},
     site_options,
     new_command},
    {"tour",
     "Copies the example pages and programs to DIRECTORY (default ./gatehouse-tour), serves them\n"
     "with the inspector on, and opens the tour in a browser where there is one. A copy that is\n"
     "there is used as it is, so change in it what you like. Where the port is taken and --port "
     "is\n"
     "not given, the next free one is used.\n",
     0, 1, "DIRECTORY", tour_options, tour_server_options, tour_command},
    {"help",
     "Prints the options for every day, as gatehouse --help does; with the word all every option;\n"
     "with the name of a command what that command does. The word markdown prints the page\n"
     "docs/options.md.\n",
     0,
     1,
     "COMMAND",
     {},
     {},
     help_command},
    {"version",
     "Prints the version of gatehouse, as gatehouse --version does.\n",
     0,
     0,
     "",
     {},
     {},
     version_command},
};

config::option_tables tables_of(command const& what, std::string const& help_command) {
  return {.tables = {what.options, config::option_rules()}, .help_command = help_command};
}

std::string_view arguments_of(command const& what) {
  auto const found =
      std::find_if(config::command_names.begin(), config::command_names.end(),
                   [&](config::command_name const& c) { return c.name == what.name; });
  return found->arguments;
}

std::string help_text(command const& what) {
  std::string out = "Usage: gatehouse ";
  out.append(what.name);
  if (auto const arguments = arguments_of(what); !arguments.empty())
    out.append(" ").append(arguments);
  out.append("\n\n").append(what.about);
  config::option_tables const server{.tables = {config::option_rules()}};
  auto const kinds = app::registered_syntaxes();
  out += "\nOptions:\n";
  for (config::option_rule const& r : what.options) config::append_help(out, r, kinds);
  config::append_help(out, "  -h, --help", "print this and exit");
  if (what.of_server.empty()) return out;
  out += "\nOptions of the server (the others of gatehouse --help all are taken too):\n";
  for (auto const name : what.of_server) config::append_help(out, *server.find(name), kinds);
  return out;
}

command const* command_named(std::string_view name) {
  auto const found = std::find_if(std::begin(all_commands), std::end(all_commands),
                                  [&](command const& c) { return c.name == name; });
  return found != std::end(all_commands) ? found : nullptr;
}

int help_command(command_call const& call) {
  auto const kinds = app::registered_syntaxes();
  if (call.words.empty() || config::extent_named(call.words.front())) {
    std::cout << config::help_page(config::extent_of(call.words), kinds);
    return command_done;
  }
  auto const& name = call.words.front();
  command const* const found = command_named(name);
  if (found == nullptr) {
    auto const text = "there is no command " + config::in_quotes(name) + config::command_hint(name);
    std::cerr << config::error_line("", text).line << std::endl;
    return command_used_wrongly;
  }
  std::cout << help_text(*found);
  return command_done;
}

int version_command(command_call const&) {
  std::cout << config::version{}.text;
  return command_done;
}

std::optional<config::usage_error> check_words(command const& what,
                                               std::vector<std::string> const& words,
                                               std::string const& help_command) {
  std::string const word(what.word);
  if (words.size() < what.least_words) {
    return config::error_line("", word + " is missing; see " + help_command);
  }
  if (what.most_words == 0 && !words.empty()) {
    return config::error_line("", std::string(what.name) + " takes no words; see " + help_command);
  }
  if (words.size() > what.most_words) {
    return config::error_line("", "more than one " + word + " is given; see " + help_command);
  }
  bool const empty =
      std::any_of(words.begin(), words.end(), [](std::string const& w) { return w.empty(); });
  return empty ? std::optional(config::error_line(word, "is empty")) : std::nullopt;
}

}  // namespace

bool command_call::has(std::string_view name) const {
  return config::value_of(given, name) != nullptr;
}

std::optional<std::string> command_call::value(std::string_view name) const {
  auto const* const found = config::value_of(given, name);
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

std::vector<std::string> command_call::values(std::string_view name) const {
  std::vector<std::string> out;
  for (config::assignment const& a : given) {
    if (a.what->name == name) out.push_back(a.value);
  }
  return out;
}

command const* find_command(int argc, char const* const* argv) {
  return argc < 2 ? nullptr : command_named(argv[1]);
}

std::variant<command_call, config::help, config::version, config::usage_error> parse_command(
    command const& what, int argc, char const* const* argv) {
  std::string const help_command = "gatehouse " + std::string(what.name) + " --help";
  std::span<char const* const> const all(argv, static_cast<std::size_t>(argc));
  auto read = config::read_command_line(tables_of(what, help_command), all.subspan(2));
  if (auto const* wrong = std::get_if<config::usage_error>(&read)) return *wrong;
  auto& line = std::get<config::command_line>(read);
  if (config::value_of(line.given, "help") != nullptr) return config::help{help_text(what)};
  if (config::value_of(line.given, "version") != nullptr) return config::version{};
  if (auto wrong = check_words(what, line.words, help_command)) return *wrong;
  auto server = config::options_of(line.given, app::registered_syntaxes());
  if (auto const* wrong = std::get_if<config::usage_error>(&server)) return *wrong;
  return command_call{std::get<config::options>(std::move(server)), std::move(line.words),
                      std::move(line.given)};
}

int fail(config::usage_error const& error, int status) {
  std::cerr << error.line << std::endl;
  return status;
}

std::optional<int> run_command(int argc, char const* const* argv) {
  command const* const what = find_command(argc, argv);
  if (what == nullptr) return std::nullopt;
  auto const parsed = parse_command(*what, argc, argv);
  if (auto const* const text = std::get_if<config::help>(&parsed)) {
    std::cout << text->text;
    return command_done;
  }
  if (auto const* const text = std::get_if<config::version>(&parsed)) {
    std::cout << text->text;
    return command_done;
  }
  if (auto const* const wrong = std::get_if<config::usage_error>(&parsed)) {
    std::cerr << wrong->line << std::endl;
    return command_used_wrongly;
  }
  return what->run(std::get<command_call>(parsed));
}

}  // namespace gatehouse::commands
