#include "gatehouse/config/directories.hpp"

#include <doctest/doctest.h>

#include "../temporary_directory.hpp"

using namespace gatehouse::config;
namespace fs = std::filesystem;

namespace {

options resolved(options const& given, fs::path const& at) {
  auto const outcome = resolve_directories(given, at);
  if (auto const* wrong = std::get_if<usage_error>(&outcome)) FAIL(wrong->line);
  return std::get<options>(outcome);
}

std::string error_of(options const& given, fs::path const& at) {
  auto const outcome = resolve_directories(given, at);
  auto const* wrong = std::get_if<usage_error>(&outcome);
  return wrong != nullptr ? wrong->line : "no error";
}

}  // namespace

TEST_CASE("the root is ./www if there is one, else the working directory") {
  gatehouse::tests::temporary_directory const directory;
  CHECK(resolved({}, directory.path()).site.root == directory.path());
  directory.write("www/index.html", "");
  CHECK(resolved({}, directory.path()).site.root == directory.path() / "www");
}

TEST_CASE("programs are in the root's cgi-bin, else in ./cgi-bin, else nowhere") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("www/index.html", "");
  CHECK(resolved({}, directory.path()).site.cgi_bin.empty());
  directory.write("cgi-bin/a", "");
  CHECK(resolved({}, directory.path()).site.cgi_bin == directory.path() / "cgi-bin");
  directory.write("www/cgi-bin/a", "");
  CHECK(resolved({}, directory.path()).site.cgi_bin == directory.path() / "www/cgi-bin");
  options off;
  off.site.cgi_bin_off = true;
  CHECK(resolved(off, directory.path()).site.cgi_bin.empty());
}

TEST_CASE("what a sandbox is to reach has to be there") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("site/a", "");
  options o;
  o.server.sandbox_read = {"site/a", "site"};
  o.server.sandbox_write = {"site"};
  auto const real = resolved(o, directory.path());
  CHECK(real.server.sandbox_read ==
        std::vector{directory.path() / "site/a", directory.path() / "site"});
  CHECK(real.server.sandbox_write == std::vector{directory.path() / "site"});
  o.server.sandbox_write = {"missing"};
  CHECK(error_of(o, directory.path()) == R"(gatehouse: --sandbox-write: "missing" does not exist)");
  o.server.sandbox_write = {"site/a"};
  CHECK(error_of(o, directory.path()) ==
        R"(gatehouse: --sandbox-write: "site/a" is not a directory)");
}

TEST_CASE("paths are made absolute, and what is no path stays as it is") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("site/a", "");
  directory.write("bin/program", "", 0755);
  fs::create_directory_symlink("site", directory.path() / "link");
  options o;
  o.site.root = "link/../link";
  o.site.mappings = {{"/s", "files", "./site"},
                     {"/c", "programs", "bin", map_target::directory_or_program},
                     {"/p", "programs", "bin/program", map_target::directory_or_program},
                     {"/x", "elsewhere", "unix:/none", map_target::as_written}};
  o = resolved(o, directory.path());
  CHECK(o.site.root == directory.path() / "site");  // ".." is above where a link leads
  CHECK(o.site.mappings[0].target == directory.path() / "site");
  CHECK(o.site.mappings[1].target == directory.path() / "bin");
  CHECK(o.site.mappings[2].target == directory.path() / "bin/program");
  CHECK(o.site.mappings[3].target == "unix:/none");
}

TEST_CASE("a program that the server is to keep is there, and can be run") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("bin/program", "", 0755);
  directory.write("bin/text", "");
  options o;
  o.site.mappings = {{"/p", "fastcgi", "bin/../bin/program", map_target::program}};
  o.site.interpreters = {{".x", "./bin/program", {}, "fastcgi", map_target::program}};
  auto const found = resolved(o, directory.path());
  CHECK(found.site.mappings[0].target == directory.path() / "bin/program");
  CHECK(found.site.interpreters[0].program == directory.path() / "bin/program");
  auto const here = directory.path().string();
  o.site.mappings[0].target = "bin/text";
  CHECK(error_of(o, directory.path()) ==
        "gatehouse: --map: \"" + here + "/bin/text\" cannot be run: Permission denied");
  o.site.mappings[0].target = "bin";
  CHECK(error_of(o, directory.path()) ==
        "gatehouse: --map: \"" + here + "/bin\" cannot be run: it is a directory");
  o.site.mappings.clear();
  o.site.interpreters[0].program = "no/such";
  CHECK(error_of(o, directory.path()) == "gatehouse: --interpreter: \"" + here +
                                             "/no/such\" cannot be run: No such file or "
                                             "directory");
}

TEST_CASE("what is not there is named in one line") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("file", "");
  options o;
  SUBCASE("no root") {
    o.site.root = "no\nsuch";
    CHECK(error_of(o, directory.path()) == R"(gatehouse: DIRECTORY: "no\x0asuch" does not exist)");
  }
  SUBCASE("a root that is nearly a command's name") {
    o.site.root = "chekc";
    CHECK(error_of(o, directory.path()) == R"(gatehouse: DIRECTORY: "chekc" does not exist)"
                                           " (did you mean the command `gatehouse check`?)");
  }
  SUBCASE("a port for a root") {
    o.site.root = "8080";
    CHECK(error_of(o, directory.path()) ==
          R"(gatehouse: DIRECTORY: "8080" does not exist (did you mean --port 8080?))");
  }
  SUBCASE("a file for a root") {
    o.site.root = "file";
    CHECK(error_of(o, directory.path()) == R"(gatehouse: DIRECTORY: "file" is not a directory)");
  }
  SUBCASE("no cgi-bin") {
    o.site.cgi_bin = "bin";
    CHECK(error_of(o, directory.path()) == R"(gatehouse: --cgi-bin: "bin" does not exist)");
  }
  SUBCASE("a file mapped as static") {
    o.site.mappings = {{"/a", "files", "file"}};
    CHECK(error_of(o, directory.path()) == R"(gatehouse: --map: "file" is not a directory)");
  }
  SUBCASE("no interpreter") {
    o.site.interpreters = {{".x", "/nonexistent"}};
    CHECK(error_of(o, directory.path()) ==
          R"(gatehouse: --interpreter: "/nonexistent" cannot be run: No such file or directory)");
  }
}

TEST_CASE("a symbolic link to a site stays one, and one to what a sandbox may reach is followed") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("site/cgi-bin/a", "", 0755);
  fs::create_directory_symlink("site", directory.path() / "link");
  options o;
  o.site.root = "./link/";
  o.site.mappings = {{"/c", "programs", "link/cgi-bin/a", map_target::directory_or_program}};
  o.server.sandbox_read = {"link"};
  o = resolved(o, directory.path());
  CHECK(o.site.root == directory.path() / "link");
  CHECK(o.site.cgi_bin == directory.path() / "link/cgi-bin");
  CHECK(o.site.mappings[0].target == directory.path() / "link/cgi-bin/a");
  CHECK(o.server.sandbox_read == std::vector{directory.path() / "site"});
}
