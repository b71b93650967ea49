#include "gatehouse/commands/application_review.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "../temporary_directory.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/directories.hpp"

using namespace gatehouse;
using namespace gatehouse::commands;
using gatehouse::gateway::severity;

namespace {

config::options serving(gatehouse::tests::temporary_directory const& directory) {
  config::options given;
  given.site.root = directory.path();
  return std::get<config::options>(config::resolve_directories(std::move(given), directory.path()));
}

config::mapping mapped(std::string const& prefix, std::string const& kind,
                       std::string const& target) {
  return {prefix, kind, target, config::map_target::as_written};
}

bool has(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("why an application cannot be imported is told with what mends it") {
  struct row {
    char const* label;
    std::string wrong;
    char const* reason;
    char const* says;
    char const* command;
    std::size_t traceback;
  };
  std::string const heading = "wsgi:shop.web:app cannot be started:\n";
  std::string const trace = "Traceback (most recent call last):\n  File \"x\"\n";
  row const rows[] = {
      {"its own module is not there",
       heading + "there is no module shop in /srv, and none that /venv/python has installed",
       "wsgi-no-module", "There is no module shop in /srv", "", 0},
      {"a module that it needs is not there",
       heading + trace + "ModuleNotFoundError: No module named 'flask'\n", "wsgi-module-missing",
       "/venv/python has no module flask", "/venv/python -m pip install flask", 3},
      {"it is no Python", heading + trace + "SyntaxError: invalid syntax\n", "wsgi-not-imported",
       "It cannot be imported: SyntaxError: invalid syntax.", "", 3},
      {"it has no such name", heading + "shop.web has neither `application` nor `app`",
       "wsgi-not-imported", "It cannot be started: shop.web has neither", "", 0},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const found = import_finding("/venv/python", r.wrong);
    CHECK(found.how == severity::error);
    CHECK(found.reason == r.reason);
    CHECK_MESSAGE(has(found.help.explanation, r.says), found.help.explanation);
    CHECK(found.help.command == r.command);
    CHECK(found.help.traceback.size() == r.traceback);
  }
}

TEST_CASE(
    "an address at which nobody listens is an error, and one at which somebody does is none") {
  gatehouse::tests::temporary_directory const directory;
  auto const path = (directory.path() / "socket").string();
  auto chosen = serving(directory);
  chosen.site.mappings = {mapped("/app", "fastcgi", "unix:" + path)};
  auto all = review_applications(chosen);
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "fastcgi:unix:" + path);
  CHECK(all[0].path == "/app");
  REQUIRE(all[0].findings.size() == 1);
  CHECK(all[0].findings[0].reason == "application-unreachable");
  CHECK(has(all[0].findings[0].help.explanation, "There is no such socket"));

  base::unique_fd const listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(static_cast<char*>(name.sun_path), path.c_str(), sizeof name.sun_path - 1);
  REQUIRE(::bind(listening.get(), reinterpret_cast<sockaddr const*>(&name), sizeof name) == 0);
  CHECK(has(review_applications(chosen).at(0).findings.at(0).help.explanation,
            "Nothing listens there"));
  REQUIRE(::listen(listening.get(), 5) == 0);
  CHECK(review_applications(chosen).at(0).findings.empty());
}

TEST_CASE("the address that an --interpreter names is looked at, too") {
  gatehouse::tests::temporary_directory const directory;
  auto chosen = serving(directory);
  chosen.site.interpreters = {{".php", "unix:/nowhere/socket", {}, "fastcgi"}};
  auto const all = review_applications(chosen);
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "--interpreter .php=fastcgi:unix:/nowhere/socket");
  CHECK(all[0].path.empty());
  CHECK(all[0].findings.at(0).reason == "application-unreachable");
}

TEST_CASE("an interpreter that starts no script warm is told of") {
  gatehouse::tests::temporary_directory const directory;
  auto chosen = serving(directory);
  chosen.site.warm = {"perl"};
  auto const all = review_applications(chosen);
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "--warm perl");
  REQUIRE_FALSE(all[0].findings.empty());
  CHECK(all[0].findings.back().reason == "warm-unused");
}
