#include "gatehouse/commands/new.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::commands;
namespace fs = std::filesystem;

namespace {

std::string contents(fs::path const& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

std::string error_of(std::string_view name) {
  auto const choice = choose_starter(name);
  auto const* wrong = std::get_if<config::usage_error>(&choice);
  return wrong != nullptr ? wrong->line : "no error";
}

fs::perms mode_of(fs::path const& file) {
  return fs::status(file).permissions();
}

}  // namespace

TEST_CASE("a name's extension chooses the starter") {
  struct row {
    std::string_view name;
    std::string_view program;
    std::string_view begins;
  };
  row const rows[] = {
      {"hello.sh", "hello.sh", "#!/bin/sh\n"},     {"a b.py", "a b.py", "#!/usr/bin/env python3\n"},
      {"a.sh.pl", "a.sh.pl", "#!/usr/bin/perl\n"}, {"hello.c", "hello", "// "},
      {"hello.php", "hello.php", "<?php\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.name);
    auto const choice = choose_starter(r.name);
    REQUIRE(std::holds_alternative<starter>(choice));
    auto const& made = std::get<starter>(choice);
    CHECK(made.file_name == r.name);
    CHECK(made.program == r.program);
    CHECK(made.bytes.starts_with(r.begins));
    CHECK(made.bytes.ends_with("\n"));
  }
}

TEST_CASE("a name that cannot be a program's is refused in one line") {
  struct row {
    std::string_view name;
    std::string_view why;
  };
  row const rows[] = {
      {"a/b.sh", R"("a/b.sh" is not a plain name)"},
      {"../a.sh", R"("../a.sh" is not a plain name)"},
      {".sh", R"(".sh" begins with a dot)"},
      {".a.sh", R"(".a.sh" begins with a dot)"},
      {"a\n.sh", R"("a\x0a.sh" has control characters in it)"},
      {"nph-a.sh", R"("nph-a.sh" begins with nph-)"},
      {"a", R"("a" has no extension; there are starters for .sh, .py, .pl, .c and .php)"},
      {"a.rb",
       R"("a.rb" has the extension ".rb"; there are starters for .sh, .py, .pl, .c and .php)"},
      {"a.", R"("a." has the extension "."; there are starters for)"},
      {"a.SH", R"("a.SH" has the extension ".SH"; there are starters for)"},
  };
  for (row const& r : rows) {
    CAPTURE(r.name);
    CHECK(error_of(r.name).starts_with("gatehouse: " + std::string(r.why)));
  }
}

TEST_CASE("what is there is never overwritten, nor written through a link") {
  gatehouse::tests::temporary_directory const directory;
  auto const there = directory.write("a.sh", "mine");
  directory.link("link.sh", "elsewhere");
  for (auto const* const name : {"a.sh", "link.sh"}) {
    CAPTURE(name);
    auto const file = directory.path() / name;
    auto const wrong = write_new(file, "theirs", true);
    REQUIRE(wrong.has_value());
    CHECK(wrong->line ==
          "gatehouse: \"" + file.native() + "\" exists already, and is left as it is");
  }
  CHECK(contents(there) == "mine");
  CHECK_FALSE(fs::exists(directory.path() / "elsewhere"));
}

TEST_CASE("a program may be run by all, a source by nobody, less the umask") {
  gatehouse::tests::temporary_directory const directory;
  mode_t const before = ::umask(027);
  CHECK_FALSE(write_new(directory.path() / "program", "a", true).has_value());
  CHECK_FALSE(write_new(directory.path() / "source", "b", false).has_value());
  ::umask(before);
  CHECK(contents(directory.path() / "program") == "a");
  CHECK(mode_of(directory.path() / "program") == fs::perms(0750));
  CHECK(mode_of(directory.path() / "source") == fs::perms(0640));
  auto const wrong = write_new(directory.path() / "none/a", "", true);
  REQUIRE(wrong.has_value());
  CHECK(wrong->line.ends_with("/none/a\": No such file or directory"));
}
