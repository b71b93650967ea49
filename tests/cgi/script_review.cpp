#include "gatehouse/cgi/script_review.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "../temporary_directory.hpp"

using namespace gatehouse::cgi;
using namespace gatehouse::gateway;
namespace fs = std::filesystem;

namespace {

// "error script-empty, warning script-writable-by-all"
std::string summary(std::vector<script_finding> const& all) {
  std::string out;
  for (auto const& f : all) {
    if (!out.empty()) out += ", ";
    out += f.how == severity::error ? "error " : f.how == severity::warning ? "warning " : "note ";
    out += f.reason;
  }
  return out;
}

}  // namespace

TEST_CASE("what a file is shows in its name") {
  struct row {
    std::string_view name;
    file_role role;
  };
  row const rows[] = {
      {"a.sh", file_role::program},     {"a", file_role::program},
      {"a.sh~", file_role::backup},     {"#a.sh#", file_role::backup},
      {"a.bak", file_role::backup},     {"a.cgi.dpkg-old", file_role::backup},
      {"a.swp", file_role::backup},     {"bak", file_role::program},
      {"calc.c", file_role::source},    {"calc.cpp", file_role::source},
      {"calc.o", file_role::source},    {"c", file_role::program},
      {"#", file_role::program},        {"a.cgi", file_role::program},
      {"a.ucf-old", file_role::backup}, {"a_bak", file_role::backup},
      {"a,v", file_role::backup},       {"a.py.1", file_role::backup},
      {"a.py_bak", file_role::backup},  {"a.sh.txt", file_role::backup},
      {"a.sh.py", file_role::program},  {"a.json", file_role::program},
      {".py.1", file_role::program},
  };
  for (row const& r : rows) {
    CAPTURE(r.name);
    CHECK(role_of(r.name) == r.role);
  }
}

TEST_CASE("all is said about a script, what keeps it from starting first") {
  gatehouse::tests::temporary_directory const directory;
  std::string const crlf = "#!/bin/sh\r\necho\r\n";
  struct row {
    std::string_view label;
    char const* name;
    std::string content;
    unsigned mode;
    std::string_view found;        // among the programs
    std::string_view found_named;  // when asked about
  };
  row const rows[] = {
      {"sound", "a.sh", "#!/bin/sh\necho\n", 0755, "", ""},
      {"no execute bit", "a.sh", "#!/bin/sh\n", 0644, "error script-no-execute-bit",
       "error script-no-execute-bit"},
      {"two errors", "a.sh", crlf, 0644,
       "error script-no-execute-bit, error script-carriage-return",
       "error script-no-execute-bit, error script-carriage-return"},
      {"three errors", "a", "\xEF\xBB\xBF#!/nowhere/sh\r\n", 0755,
       "error script-byte-order-mark, error script-carriage-return, error interpreter-missing",
       "error script-byte-order-mark, error script-carriage-return, error interpreter-missing"},
      {"an error and a warning", "a", "echo\n", 0757,
       "error script-no-interpreter-line, warning script-writable-by-all",
       "error script-no-interpreter-line, warning script-writable-by-all"},
      {"CR LF further down", "a", "#!/bin/sh\necho\r\n", 0755, "warning script-line-ends",
       "warning script-line-ends"},
      {"raw output", "nph-a", "#!/bin/sh\n", 0755, "note script-raw-output",
       "note script-raw-output"},
      {"a backup that runs", "a.sh~", "#!/bin/sh\n", 0755, "warning backup-among-programs",
       "warning backup-among-programs"},
      {"a backup that does not", "a.bak", "#!/bin/sh\n", 0644, "warning backup-among-programs",
       "error script-no-execute-bit, warning backup-among-programs"},
      {"source code", "a.c", "int main;\n", 0644, "note not-a-program",
       "error script-no-execute-bit, error script-no-interpreter-line"},
      {"source code that would be run", "a.c", "int main;\n", 0755, "warning source-among-programs",
       "error script-no-interpreter-line, warning source-among-programs"},
      {"data", "list.txt", "a\nb\n", 0644, "note not-a-program",
       "error script-no-execute-bit, error script-no-interpreter-line"},
      {"a script by its extension", "a.py", "print()\n", 0644,
       "error script-no-execute-bit, error script-no-interpreter-line",
       "error script-no-execute-bit, error script-no-interpreter-line"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const script = directory.write(r.name, r.content, r.mode);
    CHECK(summary(review_script(script, {"/bin"}, false)) == r.found);
    CHECK(summary(review_script(script, {"/bin"}, true)) == r.found_named);
    fs::remove(script);
  }
  CHECK(summary(review_script(directory.path() / "none", {"/bin"}, true)) ==
        "error script-missing");
}

TEST_CASE("a file that an interpreter is named for needs neither execute bit nor #! line") {
  gatehouse::tests::temporary_directory const directory;
  auto const script = directory.write("a.php", "<?php echo 1;\n", 0644);
  CHECK(summary(review_script(script, {"/bin", true}, false)).empty());
  CHECK_FALSE(summary(review_script(script, {"/bin", false}, false)).empty());
}

TEST_CASE("whoever else may write is named, and the command stops them") {
  gatehouse::tests::temporary_directory const directory;
  auto const script = directory.write("it's a", "#!/bin/sh\n", 0757);
  auto const bin = directory.path() / "b n";
  fs::create_directory(bin);
  fs::permissions(bin, fs::perms(0757));
  auto const about_script = review_script(script, {"/bin"}, false);
  auto const about_directory = review_directory(bin);
  CHECK(summary(about_script) == "warning script-writable-by-all");
  CHECK(summary(about_directory) == "warning directory-writable-by-all");
  CHECK(std::system(about_script.at(0).help.command.c_str()) == 0);
  CHECK(std::system(about_directory.at(0).help.command.c_str()) == 0);
  CHECK(review_script(script, {"/bin"}, false).empty());
  CHECK(review_directory(bin).empty());
}

TEST_CASE("a group that is not its owner's alone is one that may write") {
  if (::geteuid() != 0) return;  // cannot give a file to another group
  gatehouse::tests::temporary_directory const directory;
  auto const script = directory.write("a", "#!/bin/sh\n", 0775);
  CHECK(review_script(script, {"/bin"}, false).empty());
  REQUIRE(::chown(script.c_str(), 0, 1) == 0);
  CHECK(summary(review_script(script, {"/bin"}, false)) == "warning script-writable-by-group");
}
