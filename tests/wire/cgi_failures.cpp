// What becomes of an answer whose script fails after its header, and what its author is told.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "client.hpp"
#include "patience.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;

namespace {

std::string const text_head = "printf 'Content-Type: text/plain\\n\\n'\n";
std::string const wait_for_go = "while [ ! -e go ]; do sleep 0.01; done\n";
std::string const crash = "kill -SEGV $$\n";
constexpr auto setuid_mode = std::filesystem::perms::set_uid | std::filesystem::perms::owner_all |
                             std::filesystem::perms::others_read |
                             std::filesystem::perms::others_exec;
std::string const complain = "echo 'cannot open the database' >&2\n";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_SUITE_BEGIN("cgi_failures");

TEST_CASE("a script that fails after its header and before any content is 502 with the reason") {
  site const files;
  files.script("killed", "#!/bin/sh\n" + text_head + crash);
  files.script("failing", "#!/bin/sh\n" + text_head + complain + "exit 3\n");
  files.script("late", "#!/bin/sh\n" + text_head + "sleep 0.05\n" + complain + "exit 3\n");
  files.script("counted",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 5\\n\\n'\n" +
                   complain + "exit 3\n");
  files.script("made", "#!/bin/sh\nprintf 'Status: 201 Made\\n\\n'\n" + crash);
  files.write("a.txt", "next");
  server const s(files);
  for (std::string const name : {"killed", "failing", "late", "counted", "made"}) {
    CAPTURE(name);
    client c(s.port());
    c.send(request("GET", "/cgi-bin/" + name) + request("GET", "/a.txt"));
    auto const answer = c.read_reply();
    bool const by_signal = name == "killed" || name == "made";
    CHECK(answer.status == 502);
    CHECK(answer.whole);
    CHECK(has(answer.body, "script-failed"));
    CHECK(has(answer.body, by_signal ? "signal 11" : "status 3"));
    CHECK(has(answer.body, "cannot open the database") == !by_signal);
    CHECK(c.read_reply().body == "next");
  }
}

TEST_CASE("an answer that needs no content, or whose script says nothing of a failure, is given") {
  site const files;
  auto const fails = complain + "exit 3\n";
  files.script("head", "#!/bin/sh\n" + text_head + fails);
  files.script("204", "#!/bin/sh\nprintf 'Status: 204\\n\\n'\n" + fails);
  files.script("205", "#!/bin/sh\nprintf 'Status: 205\\n\\n'\n" + fails);
  files.script("304", "#!/bin/sh\nprintf 'Status: 304\\n\\n'\n" + fails);
  files.script("302", "#!/bin/sh\nprintf 'Location: http://h/\\n\\n'\n" + fails);
  files.script("404", "#!/bin/sh\nprintf 'Status: 404\\n\\n'\n" + fails);
  files.script("quiet", "#!/bin/sh\n" + text_head + "exit 1\n");
  files.script("talking", "#!/bin/sh\n" + text_head + complain);
  server const s(files);
  CHECK(ask(s.port(), "HEAD", "/cgi-bin/head").status == 200);
  for (unsigned const status : {204U, 205U, 304U, 302U, 404U})
    CHECK(ask(s.port(), "GET", "/cgi-bin/" + std::to_string(status)).status == status);
  for (std::string const name : {"quiet", "talking"}) {
    auto const answer = ask(s.port(), "GET", "/cgi-bin/" + name);
    CHECK(answer.status == 200);
    CHECK(answer.whole);
    CHECK(answer.body.empty());
  }
}

TEST_CASE("the head of an answer is held for a while and not until the script ends") {
  site const files;
  files.script("slow", "#!/bin/sh\n" + text_head + wait_for_go + complain + "exit 3\n");
  server const s(files);
  client c(s.port());
  c.send(request("GET", "/cgi-bin/slow"));
  auto answer = c.read_head();
  CHECK(answer.status == 200);
  files.write("cgi-bin/go", "");
  c.read_body(answer);
  CHECK(answer.whole);
  CHECK(s.logged("/cgi-bin/slow["));
  CHECK(s.logged("answered, then failed: it exited with status 3"));
}

TEST_CASE(
    "after content, an answer without a length is cut short when its script ended by a signal") {
  site const files;
  files.script("killed", "#!/bin/sh\n" + text_head + "echo begun\n" + crash);
  files.script("later", "#!/bin/sh\n" + text_head + "echo begun\n" + wait_for_go + crash);
  files.script("nph-killed",
               "#!/bin/sh\nprintf 'HTTP/1.1 200 OK\\r\\n\\r\\nbegun\\n'\n" + wait_for_go + crash);
  server const s(files);
  SUBCASE("chunked, the last chunk is missing") {
    auto const answer = ask(s.port(), "GET", "/cgi-bin/killed");
    CHECK(answer.status == 200);
    CHECK(answer.body == "begun\n");
    CHECK_FALSE(answer.whole);
    CHECK(
        s.logged("answered, then failed: it was killed by signal 11 (segmentation fault); the "
                 "answer is cut short"));
  }
  SUBCASE("while it is sent") {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/later"));
    c.read_until("begun\n");
    files.write("cgi-bin/go", "");
    CHECK_FALSE(has(c.read_to_end(), "0\r\n\r\n"));
  }
  SUBCASE("until the end of the connection, that is a reset") {
    for (std::string const target : {"/cgi-bin/later", "/cgi-bin/nph-killed"}) {
      CAPTURE(target);
      client c(s.port());
      c.send("GET " + target + " HTTP/1.0\r\n\r\n");
      c.read_until("begun\n");
      files.write("cgi-bin/go", "");
      c.read_to_end();
      CHECK(c.was_reset());
    }
  }
}

TEST_CASE("a script that only ended with another status gave a whole answer, which is marked") {
  site const files;
  files.script("failing", "#!/bin/sh\n" + text_head + "echo all\nexit 3\n");
  files.script(
      "counted",
      "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 4\\n\\nall\\n'\n" + crash);
  server const s(files);
  auto const answer = ask(s.port(), "GET", "/cgi-bin/failing");
  CHECK(answer.whole);
  CHECK(answer.body == "all\n");
  CHECK(s.logged("answered, then failed: it exited with status 3"));
  auto const counted = ask(s.port(), "GET", "/cgi-bin/counted");
  CHECK(counted.whole);
  CHECK(counted.body == "all\n");
  CHECK(s.logged("answered, then failed: it was killed by signal 11 (segmentation fault)"));
  CHECK_FALSE(has(s.log(), "cut short"));
}

TEST_CASE(
    "a script that is stopped after it has answered is told of, and the answer is cut short") {
  site const files;
  auto const begun = "#!/bin/sh\n" + text_head + "echo begun\n";
  files.script("silent", begun + "exec sleep 1000\n");
  files.script("endless", begun + "while :; do echo x; sleep 0.02; done\n");
  SUBCASE("when it is silent") {
    server const s(files, {"--script-timeout", "300ms", "--grace", "300ms"});
    CHECK_FALSE(ask(s.port(), "GET", "/cgi-bin/silent").whole);
    CHECK(s.logged("answered, then failed: it was stopped: no output for 300 ms"));
  }
  SUBCASE("when its time is over") {
    server const s(files, {"--script-deadline", "400ms", "--grace", "300ms"});
    CHECK_FALSE(ask(s.port(), "GET", "/cgi-bin/endless").whole);
    CHECK(s.logged("answered, then failed: it was stopped: still running after 400 ms"));
  }
  SUBCASE("when it has met a limit") {
    files.script("busy", begun + "while :; do :; done\n");
    server const s(files, {"--limit-cpu", "1s"});
    CHECK_FALSE(ask(s.port(), "GET", "/cgi-bin/busy").whole);
    CHECK(s.logged("answered, then failed: it was killed by signal"));
  }
}

TEST_CASE("a client that leaves is no failure of the script") {
  site const files;
  files.script("endless",
               "#!/bin/sh\n" + text_head + "echo $$ >pid\necho begun\nexec sleep 1000\n");
  server const s(files, {"--grace", "300ms"});
  {
    client c(s.port());
    c.send(request("GET", "/cgi-bin/endless"));
    c.read_until("begun\n");
    c.reset();
  }
  auto const pid = std::atoi(contents(files.cgi_bin() / "pid").c_str());
  CHECK(eventually([&] { return !is_running(pid); }));
  CHECK_FALSE(has(s.log(), "then failed"));
}

TEST_CASE("of malformed output the page marks the line") {
  site const files;
  files.printing("control", "Content-Type: text/plain\nX-A: a\rb\nX-B: c\n\nbody");
  files.printing("deep", "X-A: " + std::string(150, 'a') + "\nX-B: " + std::string(150, 'b') +
                             "\nX-C: c\nno header\n\n");
  server const s(files);
  auto const text = ask(s.port(), "GET", "/cgi-bin/control").body;
  CHECK(has(text, "--> X-A: a\\x0db"));
  CHECK_FALSE(has(text, "--> Content-Type"));
  auto const html = ask(s.port(), "GET", "/cgi-bin/control", "Accept: text/html\r\n").body;
  CHECK(has(html, "<mark>X-A: a"));
  auto const deep = ask(s.port(), "GET", "/cgi-bin/deep").body;
  CHECK(has(deep, "What it printed, from line 3"));
  CHECK(has(deep, "--> no header"));
  CHECK(s.logged("]: line 4 of its output: The script printed "));
}

TEST_CASE("headers behind another program's output came too late, and the page says what to do") {
  site const files;
  files.script("late",
               "#!/usr/bin/python3\nimport os\nprint('Content-Type: text/plain\\n')\n"
               "os.system('echo total 0; echo -rw- a: b')\nprint('done')\n");
  server const s(files);
  auto const answer = ask(s.port(), "GET", "/cgi-bin/late");
  CHECK(answer.status == 502);
  CHECK(has(answer.body, "came too late"));
  CHECK(has(answer.body, "flush"));
  CHECK(has(answer.body, "line 3"));
  CHECK(has(answer.body, "(script-late-headers)"));
}

TEST_CASE("a 504 says what was waited for and which option changes it, and blames no signal") {
  site const files;
  files.script("silent", "#!/bin/sh\nexec sleep 1000\n");
  files.script("endless", "#!/bin/sh\nwhile :; do echo 'X-A: b'; sleep 0.02; done\n");
  server const s(files,
                 {"--script-timeout", "400ms", "--script-deadline", "800ms", "--grace", "300ms"});
  auto const silent = ask(s.port(), "GET", "/cgi-bin/silent").body;
  CHECK(has(silent, "400 ms"));
  CHECK(has(silent, "--script-timeout"));
  CHECK_FALSE(has(silent, "signal"));
  auto const endless = ask(s.port(), "GET", "/cgi-bin/endless").body;
  CHECK(has(endless, "800 ms"));
  CHECK(has(endless, "--script-deadline"));
  CHECK_FALSE(has(endless, "signal"));
  CHECK_FALSE(has(s.log(), "killed by signal"));
}

TEST_CASE("a set-user-ID program that fails is told that it gained nothing by that") {
  site const files;
  auto const empty = files.script("empty", "#!/bin/sh\n" + text_head + complain + "exit 3\n");
  auto const late = files.script("late", "#!/bin/sh\n" + text_head + "echo begun\nexit 3\n");
  auto const fine = files.script("fine", "#!/bin/sh\n" + text_head + "echo all\n");
  for (auto const& script : {empty, late, fine}) std::filesystem::permissions(script, setuid_mode);
  {
    server const s(files);
    CHECK(has(ask(s.port(), "GET", "/cgi-bin/empty").body, "set-user-ID"));
    CHECK(ask(s.port(), "GET", "/cgi-bin/late").body == "begun\n");
    CHECK(s.logged("it exited with status 3. It is a set-user-ID program"));
    CHECK(ask(s.port(), "GET", "/cgi-bin/fine").status == 200);
    CHECK_FALSE(has(s.log(), "/cgi-bin/fine["));
  }
  server const s(files, {"--no-new-privs", "off"});
  CHECK_FALSE(has(ask(s.port(), "GET", "/cgi-bin/empty").body, "set-user-ID"));
}

TEST_CASE("an unknown name among the programs offers the nearest, to this machine") {
  site const files;
  files.script("hello.py", "#!/bin/sh\n" + text_head);
  server const s(files);
  auto const missed = ask(s.port(), "GET", "/cgi-bin/helo.py");
  CHECK(missed.status == 404);
  CHECK(has(missed.body, "Did you mean /cgi-bin/hello.py?"));
  CHECK(has(missed.body, "in " + files.cgi_bin().string() + "."));
  CHECK_FALSE(has(ask(s.port(), "GET", "/cgi-bin/none-of-these").body, "Did you mean"));
  auto const proxied = ask(s.port(), "GET", "/cgi-bin/helo.py", "Via: 1.1 proxy\r\n");
  CHECK_FALSE(has(proxied.body, "hello.py"));
}

TEST_CASE("the address of a directory of programs lists them, to this machine") {
  site const files;
  files.script("hello.py", "#!/bin/sh\n" + text_head);
  files.script("more/deep.sh", "#!/bin/sh\n" + text_head);
  files.write("cgi-bin/notes.txt", "about them");
  files.write("cgi-bin/calc.c", "int main() {}");
  server const s(files);
  auto const list = ask(s.port(), "GET", "/cgi-bin/", "Accept: text/html\r\n");
  CHECK(list.status == 200);
  CHECK(has(list.body, "hello.py\""));
  CHECK(has(list.body, "more/\""));
  CHECK_FALSE(has(list.body, "notes.txt"));
  CHECK_FALSE(has(list.body, "calc.c"));
  CHECK(has(ask(s.port(), "GET", "/cgi-bin/more/", "Accept: text/html\r\n").body, "deep.sh"));
  CHECK(ask(s.port(), "HEAD", "/cgi-bin/").field("Content-Length") ==
        std::to_string(ask(s.port(), "GET", "/cgi-bin/").body.size()));
  CHECK(ask(s.port(), "GET", "/cgi-bin/none/").status == 404);
  CHECK(ask(s.port(), "POST", "/cgi-bin/").status == 404);
  auto const proxied = ask(s.port(), "GET", "/cgi-bin/", "Via: 1.1 proxy\r\n");
  CHECK(proxied.status == 404);
  CHECK_FALSE(has(proxied.body, "hello.py"));
  server const silent(files, {"--listing", "off"});
  CHECK(ask(silent.port(), "GET", "/cgi-bin/").status == 404);
}

TEST_CASE("a file that only lies among the programs is not to be made one") {
  site const files;
  files.write("cgi-bin/calc.c", "int main() {}");
  files.write("cgi-bin/hello.sh", "#!/bin/sh\n" + text_head);
  server const s(files);
  auto const source = ask(s.port(), "GET", "/cgi-bin/calc.c");
  CHECK(source.status == 403);
  CHECK(has(source.body, "It lies among the programs and is none"));
  CHECK_FALSE(has(source.body, "chmod"));
  CHECK(has(ask(s.port(), "GET", "/cgi-bin/hello.sh").body, "chmod +x"));
}

TEST_SUITE_END();
