#include "gatehouse/cgi/script_lookup.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "../temporary_directory.hpp"

using namespace gatehouse::cgi;
using gatehouse::tests::temporary_directory;
namespace fs = std::filesystem;

namespace {

void put(fs::path const& file) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << "x";
}

}  // namespace

TEST_CASE("the longest way down a directory to a file is the script, the rest is PATH_INFO") {
  temporary_directory const directory;
  fs::path const bin = directory.path();
  put(bin / "a");
  put(bin / "sub" / "b");
  put(bin / ".hidden");
  put(bin / "sub" / ".git" / "c");
  struct row {
    std::string_view label;
    std::string_view rest;
    std::string_view script_name;  // empty: not found
    std::string_view path_info;    // "-": unset
  };
  row const rows[] = {
      {"a script", "/a", "/bin/a", "-"},
      {"a slash after it", "/a/", "/bin/a", "/"},
      {"path info", "/a/x/y", "/bin/a", "/x/y"},
      {"path info keeps its slashes", "/a//x//y/", "/bin/a", "//x//y/"},
      {"in a sub-directory", "/sub/b/x", "/bin/sub/b", "/x"},
      {"repeated slashes on the way", "//sub///b", "/bin/sub/b", "-"},
      {"missing", "/nope", "", "-"},
      {"a directory", "/sub", "", "-"},
      {"a directory with a slash", "/sub/", "", "-"},
      {"the root", "/", "", "-"},
      {"nothing", "", "", "-"},
      {"a dotfile", "/.hidden", "", "-"},
      {"below a dot directory", "/sub/.git/c", "", "-"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const found = find_in_directory(bin, "/bin", r.rest);
    CHECK(found.has_value() == !r.script_name.empty());
    if (!found) continue;
    CHECK(found->script_name == r.script_name);
    CHECK(found->path_info.value_or("-") == r.path_info);
  }
}

TEST_CASE("a directory of programs answers by the first index that is a program in it") {
  temporary_directory const directory;
  fs::path const bin = directory.path();
  put(bin / "index.html");
  put(bin / "index.cgi");
  put(bin / "sub" / "index.php");
  put(bin / "empty" / "a");
  put(bin / ".git" / "index.cgi");
  fs::permissions(bin / "index.cgi", fs::perms::owner_all);
  fs::permissions(bin / ".git" / "index.cgi", fs::perms::owner_all);
  std::vector<std::string> const names = {"index.html", "index.php", "index.cgi"};
  struct row {
    std::string_view rest;
    std::string_view script_name;  // empty: there is none
  };
  row const rows[] = {
      {"/", "/bin/index.cgi"},        {"", "/bin/index.cgi"}, {"/sub/", "/bin/sub/index.php"},
      {"/sub", "/bin/sub/index.php"}, {"/empty/", ""},        {"/none/", ""},
      {"/index.html/", ""},           {"/.git/", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.rest);
    auto const found = find_index(bin, "/bin", r.rest, names, {{".php", "/usr/bin/php-cgi"}});
    REQUIRE(found.has_value());
    CHECK((found->has_value() ? (**found).script_name : "") == r.script_name);
    if (found->has_value()) CHECK_FALSE((**found).path_info.has_value());
  }
}

TEST_CASE("of a name that is none the nearest in the same directory is offered") {
  temporary_directory const directory;
  fs::path const bin = directory.path();
  put(bin / "hello.py");
  put(bin / "sub" / "form.sh");
  put(bin / ".hidden");
  struct row {
    std::string_view rest;
    std::string_view near;  // empty: none
  };
  row const rows[] = {
      {"/helo.py", "/bin/hello.py"},
      {"/hello", "/bin/hello.py"},
      {"/hello.pl/x", "/bin/hello.py"},
      {"/sub/from.sh", "/bin/sub/form.sh"},
      {"/sbu/form.sh/x", "/bin/sub/form.sh"},
      {"/sbu/none", ""},
      {"/nothing-like-it", ""},
      {"/.hiden", ""},
      {"/", ""},
      {"/sub", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.rest);
    CHECK(nearest_program(bin, "/bin", r.rest).value_or("") == r.near);
  }
}

TEST_CASE("a program among files is known by its extension") {
  temporary_directory const directory;
  temporary_directory const outside;
  fs::path const root = fs::canonical(directory.path());
  put(root / "a.php");
  put(root / "page.html");
  put(root / "app" / "index.php");
  put(root / "plain" / "index.html");
  put(root / "plain" / "index.php");
  put(fs::path(outside.path()) / "x.php");
  fs::create_symlink(fs::path(outside.path()) / "x.php", root / "link.php");
  script_rules const rules{root, "", {".php", ".cgi"}, {"index.html", "index.php"}, false};
  struct row {
    std::string_view label;
    std::string_view rest;
    std::string_view script_name;  // empty: none
    std::string_view path_info;    // "-": unset
  };
  row const rows[] = {
      {"a program", "/a.php", "/a.php", "-"},
      {"with path info", "/a.php/x", "/a.php", "/x"},
      {"a page", "/page.html", "", "-"},
      {"the index of a directory", "/app/", "/app/index.php", "-"},
      {"a directory without its slash is redirected first", "/app", "", "-"},
      {"an earlier index is a page", "/plain/", "", "-"},
      {"a link out of the root", "/link.php", "", "-"},
      {"missing", "/b.php", "", "-"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const outcome = find_among_files(rules, r.rest);
    REQUIRE(outcome.has_value());
    auto const& found = *outcome;
    CHECK(found.has_value() == !r.script_name.empty());
    if (!found) continue;
    CHECK(found->script_name == r.script_name);
    CHECK(found->path_info.value_or("-") == r.path_info);
  }
  auto following = rules;
  following.follow_symlinks = true;
  CHECK(find_among_files(following, "/link.php")->has_value());
}

TEST_CASE("a path that cannot lead to a program among files is told by its text") {
  script_rules rules;
  rules.extensions = {".php", ".cgi"};
  struct row {
    std::string_view label;
    std::string_view rest;
    bool may_be;
  };
  row const rows[] = {
      {"a program", "/a/b.php", true},
      {"a program with a path", "/b.cgi/x/y", true},
      {"another file", "/a/b.txt", false},
      {"an ending alone", "/.php", false},
      {"a directory", "/a/", true},
      {"the root", "", true},
      {"a directory named so", "/a.php/b", true},
      {"an ending in between", "/a.php.txt", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(may_be_among_files(rules, r.rest) == r.may_be);
  }
  rules.extensions.clear();
  CHECK_FALSE(may_be_among_files(rules, "/"));
}
