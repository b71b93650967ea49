#include "gatehouse/gateway/script_check.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "../temporary_directory.hpp"
#include "gatehouse/base/escape.hpp"

using namespace gatehouse::gateway;
using namespace std::string_literals;
using kind = script_head::kind;

TEST_CASE("the first bytes say how the kernel would start a file") {
  struct row {
    std::string_view label;
    std::string bytes;
    kind what;
    char const* interpreter = "";
    char const* argument = "";
    bool carriage_return = false;
  };
  row const rows[] = {
      {"nothing", "", kind::empty},
      {"a shell script", "#!/bin/sh\necho\n", kind::interpreted, "/bin/sh"},
      {"blanks around", "#! \t/bin/sh  -e x \t\n", kind::interpreted, "/bin/sh", "-e x"},
      {"no line feed", "#!/bin/sh", kind::interpreted, "/bin/sh"},
      {"CR LF", "#!/bin/sh\r\n", kind::interpreted, "/bin/sh", "", true},
      {"CR LF after an argument", "#!/usr/bin/env a\r\n", kind::interpreted, "/usr/bin/env", "a",
       true},
      {"a relative interpreter", "#!python3\n", kind::relative, "python3"},
      {"no interpreter", "#!\n/bin/sh", kind::no_interpreter},
      {"nothing but a CR", "#!\r\n", kind::no_interpreter, "", "", true},
      {"a byte order mark", "\xEF\xBB\xBF#!/bin/sh\n", kind::byte_order_mark},
      {"a blank first", " #!/bin/sh\n", kind::unknown},
      {"text", "print('x')\n", kind::unknown},
      {"a short ELF head", "\x7F"s + "ELF", kind::elf},
      {"an ELF head of an s390", "\x7F"s + "ELF\2\2\1" + std::string(9, '\0') + "\0\2\0\x16"s,
       kind::foreign_elf},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const head = inspect_head(r.bytes);
    CHECK(head.what == r.what);
    CHECK(head.interpreter == r.interpreter);
    CHECK(head.argument == r.argument);
    CHECK(head.carriage_return == r.carriage_return);
  }
}

TEST_CASE("this very program is one of this machine") {
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string bytes(512, '\0');
  self.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  CHECK(inspect_head(bytes).what == kind::elf);
}

TEST_CASE("a script that cannot start is told why, with a command") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("bin/tool", "#!/bin/sh\n", 0755);
  directory.write("bin/perl", "", 0755);
  directory.write("bin/plain", "", 0644);
  std::string const bin = (directory.path() / "bin").string();
  struct row {
    std::string_view label;
    char const* name;
    std::string content;
    unsigned mode;
    std::string explanation;  // what it must contain
    std::string command;      // SCRIPT stands for the path
  };
  row const rows[] = {
      {"no execute bit", "a b.cgi", "#!/bin/sh\n", 0644, "no execute bit", "chmod +x SCRIPT"},
      {"CR LF", "a", "#!/bin/sh\r\n", 0755, "CR LF", R"(sed -i 's/\r$//' SCRIPT)"},
      {"no such interpreter", "a", "#!/no/such\n", 0755,
       R"("/no/such" that its #! line names does not exist.)", "command -v such"},
      {"the interpreter is elsewhere", "a", "#!/no/tool -x\n", 0755,
       "there is \"" + bin + "/tool\"", "sed -i '1s|.*|#!" + bin + "/tool -x|' SCRIPT"},
      {"an interpreter of nearly that name", "a", "#!/usr/bin/prl -w\n", 0755,
       "does not exist; there is \"" + bin + "/perl\".",
       "sed -i '1s|.*|#!" + bin + "/perl -w|' SCRIPT"},
      {"an interpreter without its bit", "a", "#!" + bin + "/plain\n", 0755,
       "cannot be run by the server's user", "ls -l " + bin + "/plain"},
      {"a directory for an interpreter", "a", "#!" + bin + "\n", 0755,
       "cannot be run by the server's user", "ls -l " + bin},
      {"env of nothing known", "a", "#!/usr/bin/env pythn\n", 0755, "asks env for \"pythn\"",
       "command -v pythn"},
      {"env of two words", "a", "#!/usr/bin/env tool -u\n", 0755, "as one word, \"tool -u\"",
       "sed -i '1s|.*|#!/usr/bin/env -S tool -u|' SCRIPT"},
      {"env -S of nothing known", "a", "#!/usr/bin/env -S A=1 pythn -u\n", 0755,
       "asks env for \"pythn\"", "command -v pythn"},
      {"env -S of nearly a known name", "a", "#!/usr/bin/env -S A=prl prl -u prl\n", 0755,
       "; there is \"" + bin + "/perl\".",
       "sed -i '1s|.*|#!/usr/bin/env -S A=prl perl -u prl|' SCRIPT"},
      {"env of nothing", "a", "#!/usr/bin/env\n", 0755, "without the name", ""},
      {"a relative interpreter", "a", "#!tool\n", 0755, "not an absolute path", "command -v tool"},
      {"no interpreter", "a", "#!\n", 0755, "names no interpreter", ""},
      {"empty", "a", "", 0755, "is empty", ""},
      {"a byte order mark", "a", "\xEF\xBB\xBF#!/bin/sh\n", 0755, "byte order mark",
       R"(sed -i '1s/^\xEF\xBB\xBF//' SCRIPT)"},
      {"no #!", "a", "echo hello\n", 0755, "does not begin with a #! line", ""},
      {"no #!, a known extension", "it's.py", "print()\n", 0755, "does not begin with a #! line",
       "sed -i '1i #!/usr/bin/python3' SCRIPT"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const script = directory.write(r.name, r.content, r.mode);
    auto const wrong = check_script(script, {bin});
    REQUIRE(wrong.has_value());
    CAPTURE(wrong->explanation);
    CHECK(wrong->explanation.find(r.explanation) != std::string::npos);
    auto expected = r.command;
    if (auto const at = expected.find("SCRIPT"); at != std::string::npos) {
      expected.replace(at, 6, gatehouse::base::shell_quoted(script.native()));
    }
    CHECK(wrong->command == expected);
    std::filesystem::remove(script);
  }
}

TEST_CASE("the commands mend what they are said to mend") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("bin/tool", "#!/bin/sh\n", 0755);
  struct row {
    std::string_view label;
    std::string content;
    unsigned mode;
  };
  row const rows[] = {
      {"no execute bit", "#!/bin/sh\n", 0644},
      {"CR LF", "#!/bin/sh\r\necho\r\n", 0755},
      {"a byte order mark", "\xEF\xBB\xBF#!/bin/sh\n", 0755},
      {"the interpreter is elsewhere", "#!/no/tool -x\n", 0755},
      {"env of two words", "#!/usr/bin/env tool -u\n", 0755},
      {"no #!", "echo hello\n", 0755},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const script = directory.write("it's a.sh", r.content, r.mode);
    std::string const path = (directory.path() / "bin").string();
    auto const wrong = check_script(script, {path});
    REQUIRE(wrong.has_value());
    CHECK(std::system(wrong->command.c_str()) == 0);
    CHECK_FALSE(check_script(script, {path}).has_value());
  }
}

TEST_CASE("a sound script has nothing found against it") {
  gatehouse::tests::temporary_directory const directory;
  CHECK_FALSE(check_script(directory.write("a", "#!/bin/sh\n", 0755), {"/bin"}).has_value());
  CHECK_FALSE(
      check_script(directory.write("b", "#!/usr/bin/env sh\n", 0755), {"/no:/bin"}).has_value());
  CHECK_FALSE(
      check_script(directory.write("c", "#!/usr/bin/env -S sh -e\n", 0755), {"/bin"}).has_value());
  CHECK_FALSE(check_script("/proc/self/exe", {""}).has_value());
}

TEST_CASE("what is not a file is said to be none") {
  gatehouse::tests::temporary_directory const directory;
  std::filesystem::create_symlink("nowhere", directory.path() / "link");
  CHECK(check_script(directory.path() / "none", {""})->explanation == "It does not exist.");
  CHECK(check_script(directory.path() / "link", {""})->explanation ==
        "It is a symbolic link to something that does not exist.");
  CHECK(check_script(directory.path(), {""})->explanation == "It is not a regular file.");
}

TEST_CASE("a directory that the server's user may not enter is named") {
  gatehouse::tests::temporary_directory const directory;  // mode 0700
  auto const script = directory.write("a", "#!/bin/sh\n", 0755);
  if (::geteuid() != 0) return;
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    auto const wrong = check_script(script, {"/bin"});
    ::_exit(wrong && wrong->command == "chmod a+x " + directory.path().native() ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a program that would gain privileges, and does not, has a note") {
  gatehouse::tests::temporary_directory const directory;
  struct row {
    unsigned mode;
    std::string_view told;
  };
  row const rows[] = {
      {0755, ""}, {04755, "set-user-ID"}, {02755, "set-group-ID"}, {02745, ""}, {01755, ""}};
  for (row const& r : rows) {
    CAPTURE(r.mode);
    auto const script = directory.write("a", "#!/bin/sh\n", r.mode);
    auto const found = set_id_finding(script);
    CHECK(found.has_value() == !r.told.empty());
    auto const all = start_findings(script, {.path_variable = "/bin", .no_new_privileges = true});
    CHECK(all.size() == (r.told.empty() ? 0 : 1));
    CHECK(start_findings(script, {.path_variable = "/bin"}).empty());
    if (!found) continue;
    CHECK(found->how == severity::note);
    CHECK(found->reason == "script-set-id");
    CHECK(found->help.explanation.find(r.told) != std::string::npos);
    CHECK(found->help.explanation.find("--no-new-privs") != std::string::npos);
  }
}
