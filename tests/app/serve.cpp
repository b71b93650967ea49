#include "gatehouse/app/serve.hpp"

#include <doctest/doctest.h>

#include "../temporary_directory.hpp"
#include "gatehouse/config/directories.hpp"

using namespace gatehouse;

namespace {

config::options resolved(std::filesystem::path const& root, config::options given = {}) {
  given.site.root = root;
  auto outcome = config::resolve_directories(std::move(given), root);
  if (auto const* wrong = std::get_if<config::usage_error>(&outcome)) FAIL(wrong->line);
  return std::get<config::options>(std::move(outcome));
}

}  // namespace

TEST_CASE("the guide names what there is to open, and nothing that is not there") {
  gatehouse::tests::temporary_directory const site;
  std::string_view const url = "http://127.0.0.1:8000/";
  CHECK(app::guide_text(url, resolved(site.path())).empty());
  site.write("cgi-bin/a.py", "#!/usr/bin/python3\n", 0755);
  site.write("cgi-bin/b", "#!/bin/sh\n", 0755);
  site.write("cgi-bin/notes.txt", "no program\n", 0644);
  site.write("tour/index.html", "x");
  config::options given;
  given.server.inspect = true;
  CHECK(app::guide_text(url, resolved(site.path(), given)) ==
        "Programs  http://127.0.0.1:8000/cgi-bin/ (2)\n"
        "Tour      http://127.0.0.1:8000/tour/\n"
        "Inspector http://127.0.0.1:8000/-/\n");
}

TEST_CASE("the guide says how to begin where there is no program yet, and keeps the token") {
  gatehouse::tests::temporary_directory const site;
  std::filesystem::create_directory(site.path() / "cgi-bin");
  config::options given;
  given.server.inspect_token = "secret";
  CHECK(app::guide_text("http://[::1]:1/", resolved(site.path(), given)) ==
        "Programs  http://[::1]:1/cgi-bin/ (none yet: gatehouse new hello.py makes one)\n"
        "Inspector http://[::1]:1/-/ (with ?token= and the token)\n");
}
