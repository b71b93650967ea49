// The commands beside serving, over the real binary.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "client.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

// gatehouse COMMAND --root ROOT REST...
outcome command(std::string const& name, site const& files, arguments const& rest = {}) {
  arguments argv{binary(), name, "--root", files.root().string()};
  argv.insert(argv.end(), rest.begin(), rest.end());
  return run(argv, {}, files.base());
}

bool contains(std::string const& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

std::string const text_head = "printf 'Content-Type: text/plain\\n\\n'\n";

}  // namespace

TEST_SUITE_BEGIN("commands");

TEST_CASE("a command that is used wrongly is one line, status 2") {
  site const files;
  struct row {
    arguments words;
    std::string_view names;
  };
  row const rows[] = {
      {{"check", "--jsno"}, "--json"},
      {{"check", "--root", "/nowhere/at/all"}, "/nowhere/at/all"},
      {{"check", "--user", "nobody-of-this-name"}, "nobody-of-this-name"},
      {{"new"}, "NAME is missing"},
      {{"new", "a.rb"}, ".sh, .py, .pl, .c and .php"},
      {{"new", "a/b.sh"}, "a/b.sh"},
      {{"explain"}, "TARGET is missing"},
      {{"chekc"}, "gatehouse check"},
  };
  for (row const& r : rows) {
    CAPTURE(r.names);
    arguments argv{binary()};
    argv.insert(argv.end(), r.words.begin(), r.words.end());
    auto const result = run(argv, {}, files.root());
    CHECK(result.code() == 2);
    CHECK(result.out.empty());
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK_MESSAGE(contains(result.err, r.names), result.err);
  }
}

TEST_CASE("each command prints its own help") {
  for (std::string const name : {"check", "explain", "new", "tour", "help", "version"}) {
    CAPTURE(name);
    auto const help = run({binary(), name, "--help"});
    CHECK(help.code() == 0);
    CHECK(help.out.starts_with("Usage: gatehouse " + name));
    CHECK(run({binary(), "help", name}).out == help.out);
  }
  auto const unknown = run({binary(), "help", "chekc"});
  CHECK(unknown.code() == 2);
  CHECK(unknown.err ==
        "gatehouse: there is no command \"chekc\" (did you mean the command `gatehouse check`?)\n");
  CHECK(run({binary(), "version", "1"}).code() == 2);
}

TEST_CASE("a check says what is wrong with each program, and its status says whether") {
  site const files;
  files.script("good", "#!/bin/sh\n" + text_head);
  auto const sound = command("check", files);
  CHECK(sound.code() == 0);
  CHECK(sound.out == "1 program: nothing wrong\n");
  CHECK(sound.err.empty());

  auto const bad = files.write("cgi-bin/bad.sh", "#!/bin/sh\r\n", 0644);
  auto const found = command("check", files);
  CHECK(found.code() == 1);
  CHECK(contains(found.out, bad.string() + "\n  error "));
  CHECK(contains(found.out, "[script-no-execute-bit]\n           $ chmod +x " + bad.string()));
  CHECK(contains(found.out, "[script-carriage-return]"));
  CHECK(found.out.ends_with("2 programs: 2 errors\n"));
  CHECK_FALSE(contains(found.out, "\033"));
  CHECK(command("check", files, {"good"}).code() == 0);
  CHECK(command("check", files, {"good", "bad.sh"}).code() == 1);
}

TEST_CASE("a check by JSON has the same findings") {
  site const files;
  files.write("cgi-bin/bad.sh", "#!/bin/sh\n", 0644);
  auto const found = command("check", files, {"--json"});
  CHECK(found.code() == 1);
  auto const read = run({"/usr/bin/python3", "-c",
                         "import json, sys\n"
                         "d = json.loads(sys.argv[1])\n"
                         "s = d['scripts'][0]\n"
                         "print(d['errors'], d['warnings'], s['url'], s['findings'][0]['kind'],\n"
                         "      s['findings'][0]['reason'])\n",
                         found.out});
  CHECK(read.out == "1 0 /cgi-bin/bad.sh error script-no-execute-bit\n");
}

TEST_CASE("a check that runs the programs reads what they print") {
  site const files;
  files.script("good", "#!/bin/sh\n" + text_head + "echo $REQUEST_METHOD\n");
  files.script("wrong", "#!/bin/sh\necho hello\necho 'what it said' >&2\n");
  files.script("backup~", "#!/bin/sh\ntouch was-run\n");
  CHECK(command("check", files).code() == 0);
  auto const found = command("check", files, {"--run"});
  CHECK(found.code() == 1);
  CHECK(contains(found.out,
                 "[script-no-blank-line]\n           printed: hello\n"
                 "           stderr: what it said\n"));
  CHECK(found.out.ends_with("3 programs: 1 error, 1 warning\n"));
  CHECK(found.err.empty());
  CHECK_FALSE(fs::exists(files.cgi_bin() / "was-run"));
}

TEST_CASE("a starter program works at once, by GET and by POST, in each language") {
  site const files;
  struct row {
    std::string file;
    std::string program;
  };
  row const rows[] = {
      {"a.sh", "a.sh"}, {"a.py", "a.py"}, {"a.pl", "a.pl"}, {"b.c", "b"}, {"a.php", "a.php"}};
  arguments const with_php = {"--interpreter", ".php=/usr/bin/php-cgi"};
  for (row const& r : rows) {
    CAPTURE(r.file);
    arguments words = with_php;
    words.push_back(r.file);
    auto const made = command("new", files, words);
    CHECK(made.code() == 0);
    CHECK(made.err.empty());
    CHECK(contains(made.out, "Made " + (files.cgi_bin() / r.file).string() + "\n"));
    CHECK(contains(made.out, "http://127.0.0.1:8000/cgi-bin/" + r.program));
    CHECK(contains(made.out, "gatehouse explain --run --root=" + files.root().string()));
    CHECK(command("new", files, words).code() == 1);
  }
  CHECK(command("check", files, {"--run", with_php[0], with_php[1]}).code() == 0);

  server const s(files, with_php);
  std::string const form = "Content-Type: application/x-www-form-urlencoded\r\n";
  std::string const sent = "x=1&name=Ada+%3Cb%3E%26%C3%A9";
  std::string const greeting = "<h1>Hello, Ada &lt;b&gt;&amp;\xC3\xA9!</h1>";
  std::string const shown = "<pre>x=1&amp;name=Ada+%3Cb%3E%26%C3%A9</pre>";
  for (row const& r : rows) {
    CAPTURE(r.file);
    auto const target = "/cgi-bin/" + r.program;
    auto const plain = ask(s.port(), "GET", target);
    CHECK(plain.status == 200);
    CHECK(contains(plain.body, "<h1>Hello, world!</h1>"));
    auto const got = ask(s.port(), "GET", target + "?" + sent);
    CHECK(contains(got.body, greeting));
    CHECK(contains(got.body, "<p>This came by GET:</p>"));
    CHECK(contains(got.body, shown));
    auto const posted = ask(s.port(), "POST", target, form, sent);
    CHECK(contains(posted.body, greeting));
    CHECK(contains(posted.body, "<p>This came by POST:</p>"));
    CHECK(contains(posted.body, shown));
    auto const hostile = ask(s.port(), "GET", target + "?name=%22%27%3Cscript%3E&<script>");
    CHECK(hostile.status == 200);
    CHECK_FALSE(contains(hostile.body, "<script>"));
    CHECK_FALSE(contains(hostile.body, "value=\"\"'"));
    if (r.file == "a.php") continue;  // has a limit of its own
    CHECK(ask(s.port(), "POST", target, form, std::string(70000, 'x')).status == 413);
  }
}

TEST_CASE("a starter makes the directory of programs when there is none, and says so") {
  site const files;
  fs::remove(files.cgi_bin());
  CHECK(contains(command("check", files).out, "There is no directory of programs here."));
  auto const made = command("new", files, {"a.sh"});
  CHECK(made.code() == 0);
  CHECK(made.out.starts_with("Made " + files.cgi_bin().string() + ", a directory of programs\n"));
  CHECK(command("check", files).out == "1 program: nothing wrong\n");
  auto const off = command("new", files, {"--cgi-bin", "off", "b.sh"});
  CHECK(off.code() == 1);
  CHECK_FALSE(fs::exists(files.cgi_bin() / "b.sh"));
}

TEST_CASE("a starter leaves what is there as it is") {
  site const files;
  auto const mine = files.script("a.sh", "mine");
  auto const program = files.script("b", "mine too");
  for (std::string const name : {"a.sh", "b.c"}) {
    auto const refused = command("new", files, {name});
    CHECK(refused.code() == 1);
    CHECK(refused.out.empty());
    CHECK(contains(refused.err, "exists already"));
  }
  CHECK(contents(mine) == "mine");
  CHECK(contents(program) == "mine too");
  CHECK_FALSE(fs::exists(files.cgi_bin() / "b.c"));
}

TEST_CASE("a starter in C tells how to compile it where there is no compiler") {
  site const files;
  auto const made = run({binary(), "new", "--root", files.root().string(), "a.c"},
                        {"PATH=" + files.base().string()}, files.base());
  CHECK(made.code() == 0);
  auto const source = (files.cgi_bin() / "a.c").string();
  CHECK(contains(made.out, "There is no cc here"));
  CHECK(contains(made.out,
                 "\n  cc -O2 -Wall -o " + (files.cgi_bin() / "a").string() + " " + source + "\n"));
  CHECK_FALSE(fs::exists(files.cgi_bin() / "a"));
}

TEST_CASE("a starter in PHP tells that it needs an interpreter") {
  site const files;
  auto const made = command("new", files, {"a.php"});
  CHECK(made.code() == 0);
  CHECK(contains(made.out, "--interpreter=.php=/usr/bin/php-cgi"));
  auto const given = command("new", files, {"--interpreter", ".php=/usr/bin/php-cgi", "b.php"});
  CHECK_FALSE(contains(given.out, "Start the server with"));
}

TEST_SUITE_END();
