#include "gatehouse/commands/check.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

#include "../temporary_directory.hpp"
#include "gatehouse/config/directories.hpp"

using namespace gatehouse;
using namespace gatehouse::commands;
using gatehouse::gateway::severity;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

config::options resolved(fs::path const& root, config::options given = {}) {
  given.site.root = root;
  auto outcome = config::resolve_directories(std::move(given), root);
  if (auto const* wrong = std::get_if<config::usage_error>(&outcome)) FAIL(wrong->line);
  return std::get<config::options>(std::move(outcome));
}

// "/cgi-bin/a: script-empty script-raw-output; ..."; sound ones have their path alone.
std::string summary(std::vector<checked_file> const& files) {
  std::string out;
  for (auto const& file : files) {
    if (!out.empty()) out += "; ";
    out += file.path.empty() ? file.file.filename().native() : file.path;
    if (!file.findings.empty()) out += ":";
    for (auto const& f : file.findings) out.append(" ").append(f.reason);
  }
  return out;
}

}  // namespace

TEST_CASE("without names, every program and directory of programs is looked at") {
  gatehouse::tests::temporary_directory const site;
  site.write("cgi-bin/good", "#!/bin/sh\n", 0755);
  site.write("cgi-bin/bad.sh", "#!/bin/sh\n", 0644);
  site.write("cgi-bin/data.txt", "x", 0644);
  site.write("cgi-bin/page.php", "<?php\n", 0644);
  fs::permissions(site.path() / "cgi-bin", fs::perms(0777));
  config::options given;
  given.site.interpreters = {{".php", "/bin/true"}};
  auto const report = review(resolved(site.path(), given), {});
  CHECK(summary(report.scripts) ==
        "/cgi-bin/bad.sh: script-no-execute-bit; /cgi-bin/good; /cgi-bin/page.php");
  CHECK(summary(report.directories).find("/cgi-bin/: directory-writable-by-all") == 0);
  CHECK(report.count(severity::error) == 1);
  CHECK(report.count(severity::warning) >= 1);
  CHECK(report.count(severity::note) == 0);
}

TEST_CASE("what only lies among the programs is left out, unless somebody asks about it") {
  gatehouse::tests::temporary_directory const site;
  site.write("cgi-bin/CMakeLists.txt", "add_executable(calc calc.c)\n", 0644);
  site.write("cgi-bin/calc.c", "int main(void) { return 0; }\n", 0644);
  site.write("cgi-bin/calc", "#!/bin/sh\n", 0755);
  site.write("cgi-bin/lost-its-bit", "#!/bin/sh\n", 0644);
  site.write("cgi-bin/copy.py~", "x", 0644);
  auto const chosen = resolved(site.path());
  CHECK(summary(review(chosen, {}).scripts) ==
        "/cgi-bin/calc; /cgi-bin/copy.py~: backup-among-programs; "
        "/cgi-bin/lost-its-bit: script-no-execute-bit");
  CHECK(summary(review(chosen, {"calc.c"}).scripts).find("/cgi-bin/calc.c: ") == 0);
}

TEST_CASE("each program is named once, whatever addresses it has and however it was asked for") {
  gatehouse::tests::temporary_directory const site;
  auto const good = site.write("cgi-bin/good", "#!/bin/sh\n", 0755);
  config::options given;
  given.site.mappings = {
      {"/again", "cgi", site.path() / "cgi-bin", config::map_target::directory_or_program}};
  auto const chosen = resolved(site.path(), given);
  CHECK(summary(review(chosen, {}).scripts) == "/again/good");
  CHECK(review(chosen, {"good", good.native(), "good"}).scripts.size() == 1);
}

TEST_CASE("a name is a file, or one in cgi-bin") {
  gatehouse::tests::temporary_directory const site;
  auto const good = site.write("cgi-bin/good", "#!/bin/sh\n", 0755);
  auto const other = site.write("other", "#!/bin/sh\n", 0755);
  auto const chosen = resolved(site.path());
  CHECK(summary(review(chosen, {"good"}).scripts) == "/cgi-bin/good");
  CHECK(summary(review(chosen, {good.native()}).scripts) == "/cgi-bin/good");
  CHECK(summary(review(chosen, {other.native()}).scripts) == "other: script-not-served");
  CHECK(summary(review(chosen, {"none"}).scripts) == "none: script-missing");
  CHECK(review(chosen, {"good"}).directories.empty());
}

TEST_CASE("the PATH that programs get decides what env finds") {
  gatehouse::tests::temporary_directory const site;
  site.write("cgi-bin/a", "#!/usr/bin/env tool\n", 0755);
  site.write("bin/tool", "#!/bin/sh\n", 0755);
  config::options with_path;
  with_path.site.environment = {{"PATH", (site.path() / "bin").native()}};
  CHECK(summary(review(resolved(site.path()), {}).scripts) == "/cgi-bin/a: env-program-missing");
  CHECK(summary(review(resolved(site.path(), with_path), {}).scripts) == "/cgi-bin/a");
}

TEST_CASE("people are told what is wrong and how to mend it, and nothing else") {
  check_report report;
  CHECK(plain_text(report, false) ==
        "There is no directory of programs here. `gatehouse new hello.sh` makes one.\n");
  report.scripts.push_back({"/s/a b", "/cgi-bin/a b", {}});
  CHECK(plain_text(report, false) == "1 program: nothing wrong\n");
  gatehouse::gateway::script_finding finding;
  finding.reason = "some-reason";
  finding.help.explanation = "It is \x1B[31mbad.";
  finding.help.command = "mend '\x1B'";
  report.scripts.front().findings.push_back(finding);
  CHECK(plain_text(report, false) ==
        "/s/a b  /cgi-bin/a%20b\n"
        "  error    It is \\x1b[31mbad.  [some-reason]\n"
        "           $ mend '\\x1b'\n"
        "1 program: 1 error\n");
  CHECK(plain_text(report, true).find("\033[31merror\033[0m") != std::string::npos);
  report.scripts.front().file = "/s/cgi-bin/a b";
  CHECK(plain_text(report, false).starts_with("/s/cgi-bin/a b\n  error "));
}

TEST_CASE("programs are told the same in JSON, whatever the bytes") {
  check_report report;
  gatehouse::gateway::script_finding finding{severity::warning, "some-reason", {}};
  finding.help.explanation = "\xFF\"\n";
  report.scripts.push_back({"/s/\xFF", "/cgi-bin/\xFF", {finding}});
  report.scripts.push_back({"/t", "", {}});
  report.directories.push_back({"/s", "", {}});
  auto const parsed = json::parse(json_text(report));
  CHECK(parsed.at("errors") == 0);
  CHECK(parsed.at("warnings") == 1);
  auto const& scripts = parsed.at("scripts").as_array();
  REQUIRE(scripts.size() == 2);
  CHECK(scripts[0].at("url") == "/cgi-bin/%FF");
  CHECK(scripts[0].at("file") == "/s/\xEF\xBF\xBD");
  CHECK(scripts[0].at("findings").at(0).at("kind") == "warning");
  CHECK(scripts[0].at("findings").at(0).at("reason") == "some-reason");
  CHECK(scripts[0].at("findings").at(0).at("explanation") == "\xEF\xBF\xBD\"\n");
  CHECK(scripts[0].at("findings").at(0).at("command") == "");
  CHECK(scripts[1].at("url").is_null());
  CHECK(parsed.at("directories").at(0).at("directory") == "/s");
}
