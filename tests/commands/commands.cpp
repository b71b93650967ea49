#include "gatehouse/commands/commands.hpp"

#include <doctest/doctest.h>

#include <array>
#include <sstream>

#include "../temporary_directory.hpp"
#include "gatehouse/config/command_names.hpp"

using namespace gatehouse;
using namespace gatehouse::commands;

namespace {

using arguments = std::vector<std::string>;

auto parse(arguments const& words) {
  std::vector<char const*> argv = {"gatehouse"};
  for (auto const& a : words) argv.push_back(a.c_str());
  int const argc = static_cast<int>(argv.size());
  auto const* const what = find_command(argc, argv.data());
  REQUIRE(what != nullptr);
  return parse_command(*what, argc, argv.data());
}

command_call parsed(arguments const& words) {
  auto outcome = parse(words);
  if (auto const* wrong = std::get_if<config::usage_error>(&outcome)) FAIL(wrong->line);
  REQUIRE(std::holds_alternative<command_call>(outcome));
  return std::get<command_call>(std::move(outcome));
}

std::string error_of(arguments const& words) {
  auto const outcome = parse(words);
  auto const* wrong = std::get_if<config::usage_error>(&outcome);
  return wrong != nullptr ? wrong->line : "no error";
}

}  // namespace

TEST_CASE("the first argument alone, and as it stands, names a command") {
  struct row {
    std::string_view label;
    std::vector<char const*> argv;
    std::string_view name;
  };
  row const rows[] = {
      {"nothing", {"gatehouse"}, ""},
      {"no program's name either", {}, ""},
      {"a command", {"gatehouse", "check", "a"}, "check"},
      {"a directory", {"gatehouse", "./check"}, ""},
      {"another word", {"gatehouse", "checks"}, ""},
      {"after an option", {"gatehouse", "--listing=off", "check"}, ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const* const found = find_command(static_cast<int>(r.argv.size()), r.argv.data());
    CHECK((found != nullptr ? found->name : "") == r.name);
  }
}

TEST_CASE("a command takes the server's options, its own, and words") {
  auto const call =
      parsed({"check", "--cgi-bin", "bin", "a", "--run", "--env", "A=1", "--", "--b"});
  CHECK(call.chosen.site.cgi_bin == "bin");
  REQUIRE(call.chosen.site.environment.size() == 1);
  CHECK(call.words == arguments{"a", "--b"});
  CHECK(call.chosen.site.root.empty());
  CHECK(call.has("run"));
  CHECK_FALSE(call.has("json"));

  auto const explained = parsed({"explain", "-XPOST", "-H", "A: b", "--header=C: d", "-d", "x=1",
                                 "--root", "site", "/cgi-bin/a?b"});
  CHECK(explained.chosen.site.root == "site");
  CHECK(explained.value("method") == "POST");
  CHECK(explained.values("header") == arguments{"A: b", "C: d"});
  CHECK(explained.value("data") == "x=1");
  CHECK_FALSE(explained.value("bind").has_value());
}

TEST_CASE("a command reads the config file too") {
  gatehouse::tests::temporary_directory const directory;
  auto const file = directory.write("site.conf", "cgi-ext = .cgi\nroot = site\n").string();
  auto const call = parsed({"check", "--config", file, "--root", "other"});
  CHECK(call.chosen.site.cgi_extensions == arguments{".cgi"});
  CHECK(call.chosen.site.root == "other");
}

TEST_CASE("a wrong command is one line that says what is wrong") {
  struct row {
    arguments words;
    std::string_view line;
  };
  row const rows[] = {
      {{"check", "--jsno"},
       "--jsno: no such option (did you mean --json?); see gatehouse check --help"},
      {{"check", "--prot=1"},
       "--prot: no such option (did you mean --port?); see gatehouse check --help"},
      {{"check", "--data", "x"}, "--data: no such option; see gatehouse check --help"},
      {{"check", "--json", "--json"}, "--json: is given twice"},
      {{"check", "--json=on"}, "--json: takes no value"},
      {{"check", ""}, "SCRIPT: is empty"},
      {{"check", "--port", "x"}, R"(--port: "x" is not a port number (0 to 65535))"},
      {{"explain"}, "TARGET is missing; see gatehouse explain --help"},
      {{"explain", "-d"}, "--data: needs a value, TEXT|@FILE"},
      {{"explain", "-XGET", "-XPUT", "/"}, "--method: is given twice"},
      {{"explain", "/a", "/b"}, "more than one TARGET is given; see gatehouse explain --help"},
      {{"new"}, "NAME is missing; see gatehouse new --help"},
      {{"new", "--config", "/nonexistent", "a.sh"},
       R"(--config: cannot read "/nonexistent": No such file or directory)"},
  };
  for (row const& r : rows) {
    CAPTURE(r.line);
    CHECK(error_of(r.words) == "gatehouse: " + std::string(r.line));
  }
}

TEST_CASE("the help of a command names its options and the server's that matter to it") {
  for (auto const& named : config::command_names) {
    std::string const name(named.name);
    std::array<char const*, 2> const argv = {"gatehouse", name.c_str()};
    auto const* const found = find_command(2, argv.data());
    REQUIRE(found != nullptr);
    command const& c = *found;
    CAPTURE(c.name);
    CHECK(std::holds_alternative<config::version>(parse({std::string(c.name), "--version"})));
    auto const outcome = parse({std::string(c.name), "-h"});
    REQUIRE(std::holds_alternative<config::help>(outcome));
    auto const& text = std::get<config::help>(outcome).text;
    CHECK(text.starts_with("Usage: gatehouse " + std::string(c.name)));
    CHECK((text.find(" --config ") != std::string::npos) == !c.of_server.empty());
    CHECK(text.find(" --help ") != std::string::npos);
    for (config::option_rule const& r : c.options) {
      CHECK(text.find(" --" + std::string(r.name)) != std::string::npos);
    }
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 98);
      CHECK_FALSE(line.ends_with(' '));
    }
  }
}
