// The inspector over the wire: what its page asks for, and whom it refuses.

#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "client.hpp"
#include "patience.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;

namespace {

constexpr std::string_view here = "Host: localhost\r\n";
constexpr std::size_t most_kept = 200, most_pinned = 50, most_of_tour = 20;

std::string request_here(std::string_view method, std::string_view target,
                         std::string_view fields = {}, std::string_view body = {}) {
  auto text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n" +
              std::string(here) + std::string(fields);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

reply look(server const& s, std::string_view target, std::string_view fields = {}) {
  client c(s.port());
  c.send(request_here("GET", target, fields));
  return c.read_reply();
}

bool has(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> ids_in(std::string const& list) {
  std::vector<std::string> out;
  constexpr std::string_view mark = "\"id\":";
  for (auto at = list.find(mark); at != std::string::npos; at = list.find(mark, at + 1))
    out.push_back(std::to_string(std::atoi(list.c_str() + at + mark.size())));
  return out;
}

std::string id_of_only_one(std::string const& list) {
  auto const at = list.find("\"id\":");
  REQUIRE(at != std::string::npos);
  CHECK(list.find("\"id\":", at + 1) == std::string::npos);
  return std::to_string(std::atoi(list.c_str() + at + 5));
}

}  // namespace

TEST_SUITE_BEGIN("inspector");

TEST_CASE("without the option there is no inspector") {
  site const files;
  server const s(files);
  CHECK(look(s, "/-/").status == 404);
}

TEST_CASE("the page and its parts come from the program, under a strict policy") {
  site const files;
  server const s(files, {"--inspect"});
  auto const page = look(s, "/-/");
  CHECK(page.status == 200);
  CHECK(page.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(has(page.field("Content-Security-Policy"), "default-src 'none'"));
  CHECK(page.field("X-Content-Type-Options") == "nosniff");
  CHECK(look(s, "/-/inspector.js").field("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(look(s, "/-/inspector.css").field("Content-Type") == "text/css; charset=utf-8");
  CHECK(look(s, "/-").field("Location") == "/-/");
  CHECK(look(s, "/-/none").status == 404);
  CHECK(look(s, "/-/exchanges/1").status == 404);
}

TEST_CASE("an error page leads to its exchange, for those who may see it without a token") {
  site const files;
  auto const link_to = [](server const& s, std::string_view fields = {}) {
    auto const page = look(s, "/none", "Accept: text/html\r\n" + std::string(fields));
    auto const at = page.body.find("href=\"/-/#");
    return at == std::string::npos ? ""
                                   : page.body.substr(at + 9, page.body.find('"', at + 9) - at - 9);
  };
  server const s(files, {"--inspect"});
  CHECK(look(s, "/first").status == 404);
  CHECK(link_to(s) == "#2");
  CHECK(has(look(s, "/-/exchanges/2").body, "/none"));
  CHECK(link_to(s, "X-Forwarded-For: 192.0.2.1\r\n").empty());
  server const guarded(files, {"--inspect", "--inspect-token", "a-long-secret-token"});
  CHECK(link_to(guarded).empty());
  server const traced(files, {"--trace"});
  CHECK(link_to(traced).empty());
}

TEST_CASE("an exchange with a script is kept from its first byte to its end") {
  site const files;
  files.script("s",
               "#!/bin/sh\necho careful >&2\nprintf 'Content-Type: text/plain\\nX-A: b\\n\\n'\n"
               "cat\n");
  server const s(files, {"--inspect"});
  CHECK(ask(s.port(), "POST", "/cgi-bin/s/info?q=1", "", "hello").body == "hello");
  std::string list;
  CHECK(eventually([&] {
    list = look(s, "/-/exchanges").body;
    return has(list, "\"state\":\"done\"");
  }));
  auto const one = look(s, "/-/exchanges/" + id_of_only_one(list));
  CHECK(one.field("Content-Type") == "application/json");
  for (std::string_view const part :
       {"\"target\":\"/cgi-bin/s/info?q=1\"", "\"prefix\":\"/cgi-bin\"", "\"path_info\":\"/info\"",
        "\"name\":\"QUERY_STRING\"", "\"clause\":\"4.1.7\"", "careful", "exited with status 0",
        "aGVsbG8=" /* hello */, "\"framing\":\"chunked\"", "\"complete\":true"}) {
    CAPTURE(part);
    CHECK(has(one.body, part));
  }
  CHECK(has(
      look(s, "/-/exchanges/" + id_of_only_one(list) + "?download").field("Content-Disposition"),
      "attachment"));
}

TEST_CASE("a script that streams is seen while it does, and how it ends when its client leaves") {
  site const files;
  files.script("stream",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nfirst\\n'\n"
               "echo waiting >&2\nexec sleep 1000\n");
  server const s(files, {"--inspect"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/stream"));
  c.read_until("first");
  auto const list = [&] { return look(s, "/-/exchanges").body; };
  CHECK(eventually([&] { return has(list(), "\"verdict\":\"200 OK, still sending\""); }));
  auto const open = list();
  for (std::string_view const part :
       {"\"state\":\"open\"", "\"status\":200", "\"kind\":\"script\"", "\"outcome\":\"sending\""}) {
    CAPTURE(part);
    CHECK(has(open, part));
  }
  client watching(s.port());
  watching.send(request_here("GET", "/-/events"));
  watching.read_until("retry: 1000");
  c.reset();
  // Its end is told at once, and that of its process when it comes.
  watching.read_until("\"outcome\":\"client_left\"");
  watching.read_until("was ended by SIGTERM\"");
  auto const one = look(s, "/-/exchanges/" + id_of_only_one(list())).body;
  for (std::string_view const part :
       {"\"state\":\"done\"", "the client left after ", "\"title\":\"The client left\"",
        "\"stderr\":[\"waiting\"]", "was killed by signal 15 (terminated)"}) {
    CAPTURE(part);
    CHECK_MESSAGE(has(one, part), one);
  }
}

TEST_CASE("a script that ignores its client's leaving is reported when it was killed") {
  site const files;
  files.script("stays",
               "#!/bin/sh\ntrap '' TERM\nprintf 'Content-Type: text/plain\\n\\nfirst\\n'\n"
               "echo late >&2\nwhile :; do sleep 1; done\n");
  server const s(files, {"--inspect", "--grace", "1s"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/stays"));
  c.read_until("first");
  c.reset();
  auto const list = [&] { return look(s, "/-/exchanges").body; };
  CHECK(eventually([&] { return has(list(), " still runs\""); }));
  CHECK(has(list(), "\"state\":\"done\""));
  CHECK(eventually([&] { return has(list(), " was ended by SIGKILL, because it did not heed"); }));
}

TEST_CASE("a client that closes only its side is told of as that, and when it did so") {
  site const files;
  files.script("silent", "#!/bin/sh\nexec sleep 1000\n");
  server const s(files, {"--inspect"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/silent"));
  auto const list = [&] { return look(s, "/-/exchanges").body; };
  CHECK(eventually([&] { return has(list(), "no answer yet; process "); }));
  c.half_close();
  CHECK(eventually([&] { return has(list(), "was ended by SIGTERM\""); }));
  auto const one = look(s, "/-/exchanges/" + id_of_only_one(list())).body;
  for (std::string_view const part : {"The client closed its side of the connection after ",
                                      ", and was taken to have left after ",
                                      "a script is told to end by SIGTERM", "\"stopped\":true"}) {
    CAPTURE(part);
    CHECK_MESSAGE(has(one, part), one);
  }
}

TEST_CASE("each way of half failing is told as what it was") {
  site const files;
  files.script("flood",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 3\\n\\n'\n"
               "exec cat /dev/zero\n");
  files.script("more",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 3\\n\\nabcde'\n");
  files.script("crash",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 300\\n\\nabc'\n"
               "kill -SEGV $$\n");
  files.script("fails", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nabc'\nexit 3\n");
  files.script("nph-hello", "#!/bin/sh\necho hello\n");
  struct row {
    char const* method;
    char const* script;
    std::vector<std::string> says;
  };
  row const rows[] = {
      {"GET",
       "flood",
       {"200 OK, but too much: promised 3 bytes, printed at least ", "The client got the 3 bytes",
        "The server stopped the script, which went on printing."}},
      {"GET", "more", {"promised 3 bytes, printed 5\"", "It printed more than it promised"}},
      {"GET",
       "crash",
       {"200 OK, then failed: killed by SIGSEGV", "of the 300 bytes that were promised"}},
      {"HEAD", "fails", {"The client got the head of the answer, which is all of it"}},
      {"GET", "nph-hello", {"no status line; the script writes the whole response itself"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.script);
    server const s(files, {"--inspect"});
    client c(s.port());
    c.send(request(r.method, "/cgi-bin/" + std::string(r.script)));
    auto const list = [&] { return look(s, "/-/exchanges").body; };
    REQUIRE(eventually([&] { return has(list(), "answered_then_failed"); }));
    auto const shown = [&] { return look(s, "/-/exchanges/" + id_of_only_one(list())).body; };
    for (auto const& part : r.says) {
      CAPTURE(part);
      CHECK(eventually([&] { return has(shown(), part); }));
    }
  }
}

TEST_CASE(
    "of a body that the script did not read, what it was given is told beside what was sent") {
  site const files;
  files.script("deaf", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nok'\nexec 1>&-\n");
  server const s(files, {"--inspect"});
  client c(s.port());
  c.send("POST /cgi-bin/deaf HTTP/1.1\r\nHost: h\r\nContent-Length: 190000\r\n\r\n" +
         std::string(190'000, 'x'));
  c.read_head();
  auto const id = id_of_only_one(look(s, "/-/exchanges").body);
  auto const shown = [&] { return look(s, "/-/exchanges/" + id).body; };
  CHECK(eventually([&] { return has(shown(), "\"state\":\"done\""); }));
  auto const one = shown();
  CHECK(has(one, "\"declared\":190000,\"chunked\":false,\"received\":"));
  CHECK(has(one, "\"complete\":false}"));
  CHECK(has(one, "\"curl\":\"\""));
}

TEST_CASE("each script of a local redirect has its own stderr, and one to nothing is told of") {
  site const files;
  files.script("first",
               "#!/bin/sh\necho from-first >&2\nprintf 'Location: /cgi-bin/second\\n\\n'\n");
  files.script("second",
               "#!/bin/sh\necho from-second >&2\nprintf 'Content-Type: text/plain\\n\\nok'\n");
  files.script("lost", "#!/bin/sh\nprintf 'Location: /none\\n\\n'\n");
  server const s(files, {"--inspect"});
  CHECK(ask(s.port(), "GET", "/cgi-bin/first").body == "ok");
  auto const id = id_of_only_one(look(s, "/-/exchanges").body);
  auto const shown = [&] { return look(s, "/-/exchanges/" + id).body; };
  CHECK(eventually([&] { return has(shown(), "\"head\":[\"from-second\"]"); }));
  CHECK(has(shown(), "\"location\":\"/cgi-bin/second\""));
  CHECK(eventually([&] { return has(shown(), "\"head\":[\"from-first\"]"); }));

  server const other(files, {"--inspect"});
  CHECK(ask(other.port(), "GET", "/cgi-bin/lost").status == 404);
  auto const lost = "/-/exchanges/" + id_of_only_one(look(other, "/-/exchanges").body);
  CHECK(eventually([&] {
    return has(look(other, lost).body, "The script /cgi-bin/lost has sent the request there");
  }));
}

TEST_CASE("of a client that left before any answer, there is no status") {
  site const files;
  files.script("silent", "#!/bin/sh\nexec sleep 1000\n");
  server const s(files, {"--inspect"});
  client c(s.port());
  c.send(request("GET", "/cgi-bin/silent"));
  auto const list = [&] { return look(s, "/-/exchanges").body; };
  CHECK(eventually([&] { return has(list(), "no answer yet; process "); }));
  CHECK(has(list(), "\"outcome\":\"waiting\""));
  c.reset();
  CHECK(eventually([&] { return has(list(), "was ended by SIGTERM\""); }));
  CHECK(has(list(), "\"status\":0"));
}

TEST_CASE("of much stderr the first and the last lines are kept, also when its script fails") {
  site const files;
  files.script("loud",
               "#!/bin/sh\ni=0\nwhile [ $i -lt 1000 ]; do i=$((i+1)); echo \"line $i\"; done >&2\n"
               "printf 'Content-Type: text/plain\\n\\nx'\nexit 3\n");
  server const s(files, {"--inspect"});
  ask(s.port(), "GET", "/cgi-bin/loud");
  auto const id = id_of_only_one(look(s, "/-/exchanges").body);
  auto const shown = [&] { return look(s, "/-/exchanges/" + id).body; };
  CHECK(eventually([&] { return has(shown(), "\"lines\":1000"); }));
  auto const one = shown();
  CHECK(has(one, "\"line 50\"],\"tail\":[\"line 851\""));
  CHECK(has(one, "\"title\":\"It answered, then failed\""));
  CHECK(has(one, "\"line 1000\"]}"));
  CHECK(has(look(s, "/-/exchanges").body, "200 OK, then failed: exit code 3"));
}

TEST_CASE("an exchange can be pinned, from the inspector's own page alone") {
  site const files;
  files.write("a.txt", "a");
  server const s(files, {"--inspect"});
  ask(s.port(), "GET", "/a.txt");
  auto const list = [&] { return look(s, "/-/exchanges").body; };
  auto const id = id_of_only_one(list());
  client watching(s.port());
  watching.send(request_here("GET", "/-/events"));
  watching.read_until("retry: 1000");
  constexpr std::string_view own = "Gatehouse-Inspector: 1\r\n";
  auto const order = [&](std::string_view method, std::string const& what,
                         std::string_view fields) {
    client c(s.port());
    c.send(request_here(method, "/-/exchanges/" + what, fields));
    return c.read_reply().status;
  };
  CHECK(order("POST", id + "/pin", "") == 403);
  CHECK(order("GET", id + "/pin", own) == 405);
  CHECK(order("POST", "999/pin", own) == 404);
  CHECK(order("POST", "x/pin", own) == 404);
  CHECK(order("POST", id, own) == 405);
  CHECK(has(list(), "\"pinned\":false"));
  CHECK(order("POST", id + "/pin", own) == 204);
  watching.read_until("\"pinned\":true");
  CHECK(has(look(s, "/-/exchanges/" + id).body, "\"pinned\":true"));
  CHECK(order("POST", id + "/unpin", own) == 204);
  watching.read_until("\"pinned\":false");
  client rebound(s.port());
  rebound.send("POST /-/exchanges/" + id + "/pin HTTP/1.1\r\nHost: rebound.example\r\n" +
               std::string(own) + "\r\n");
  CHECK(rebound.read_reply().status == 403);
}

TEST_CASE("at most so many exchanges are pinned, and the sentence says so") {
  site const files;
  files.write("a.txt", "a");
  server const s(files, {"--inspect"});
  constexpr std::string_view own = "Gatehouse-Inspector: 1\r\n";
  client c(s.port());
  for (std::size_t i = 0; i <= most_pinned; ++i) {
    c.send(request("GET", "/a.txt"));
    CHECK(c.read_reply().status == 200);
  }
  reply last;
  for (auto const& id : ids_in(look(s, "/-/exchanges").body)) {
    c.send(request_here("POST", "/-/exchanges/" + id + "/pin", own));
    last = c.read_reply();
    if (last.status != 204) break;
  }
  CHECK(last.status == 409);
  CHECK(has(last.body, "Unpin one first"));
}

TEST_CASE("the tour's own requests are marked, and kept beside the others") {
  site const files;
  files.write("a.txt", "a");
  server const s(files, {"--inspect"});
  ask(s.port(), "GET", "/a.txt?mine");
  client c(s.port());
  for (std::size_t i = 0; i < most_kept + 5; ++i) {
    c.send(request("GET", "/a.txt", "Gatehouse-Tour: 1\r\n"));
    c.read_reply();
  }
  auto const list = look(s, "/-/exchanges").body;
  CHECK(ids_in(list).size() == 1 + most_of_tour);
  CHECK(has(list, "/a.txt?mine"));
  CHECK(has(list, "\"tour\":true"));
  CHECK(has(list, "\"forgotten\":0"));
}

TEST_CASE("exchanges are found by what is in them, in either case of letters") {
  site const files;
  files.write("gr\xC3\xBC\xC3\x9F.txt", "hello from a file");
  files.script("fails", "#!/bin/sh\necho 'Traceback: NameError' >&2\necho wrong\n");
  server const s(files, {"--inspect"});
  ask(s.port(), "GET", "/gr%C3%BC%C3%9F.txt", "X-Who: Ada Lovelace\r\n");
  ask(s.port(), "POST", "/cgi-bin/fails", "", "sent along");
  REQUIRE(eventually([&] {
    auto const list = look(s, "/-/exchanges").body;
    return list.find("\"state\":\"open\"") == std::string::npos && ids_in(list).size() == 2;
  }));
  auto const ids = ids_in(look(s, "/-/exchanges").body);
  struct row {
    std::string_view wanted;
    std::string expected;
  };
  auto const file = "{\"ids\":[" + ids[0] + "]}", script = "{\"ids\":[" + ids[1] + "]}";
  row const rows[] = {{"HELLO%20from", file},
                      {"ada%20lovelace", file},
                      {"gr%25C3%25BC", file},
                      {"nameerror", script},
                      {"502%20bad", script},
                      {"sent%20along", script},
                      {"HTTP/1.1", "{\"ids\":[" + ids[0] + "," + ids[1] + "]}"},
                      {"nowhere%26", "{\"ids\":[]}"}};
  for (row const& r : rows) {
    CAPTURE(r.wanted);
    auto const found = look(s, "/-/exchanges?contains=" + std::string(r.wanted));
    CHECK(found.status == 200);
    CHECK(found.body == r.expected);
  }
  CHECK(look(s, "/-/exchanges?contains=%zz").status == 400);
  CHECK(has(look(s, "/-/exchanges?contains=").body, "\"exchanges\":["));
}

TEST_CASE("the inspector knows which programs there are to be asked") {
  site const files;
  files.script("b.sh", "#!/bin/sh\n");
  files.script("a/gr\xC3\xBC\xC3\x9F", "#!/bin/sh\n");
  files.write("cgi-bin/notes.txt", "no program");
  server const s(files, {"--inspect"});
  CHECK(look(s, "/-/programs").body ==
        "{\"programs\":[\"/cgi-bin/a/gr\xC3\xBC\xC3\x9F\",\"/cgi-bin/b.sh\"]}");
  client c(s.port());
  c.send("GET /-/programs HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
  CHECK(c.read_reply().status == 403);
}

TEST_CASE("of a file that the kernel sends, the first part is shown and all of it counted") {
  site const files;
  files.write("large", std::string(200'000, 'x'));
  server const s(files, {"--inspect"});
  CHECK(ask(s.port(), "GET", "/large").body.size() == 200'000);
  auto const id = id_of_only_one(look(s, "/-/exchanges").body);
  CHECK(eventually([&] {
    auto const shown = look(s, "/-/exchanges/" + id).body;
    return has(shown, "\"size\":200000,\"cut\":true") && has(shown, "eHh4eHh4");
  }));
}

TEST_CASE("how much of a file was sent is known while it is being sent") {
  site const files;
  files.write("large", std::string(16 << 20, 'x'));
  server const s(files, {"--inspect"});
  client c(s.port(), 4096);
  c.send(request("GET", "/large"));
  c.read_head();
  CHECK(eventually([&] {
    auto const list = look(s, "/-/exchanges").body;
    return has(list, "still sending") && !has(list, "\"sent\":0}");
  }));
  auto const id = id_of_only_one(look(s, "/-/exchanges").body);
  CHECK(has(look(s, "/-/exchanges/" + id).body, "eHh4eHh4"));
}

TEST_CASE("news come as they happen") {
  site const files;
  files.write("a.txt", "a");
  server const s(files, {"--inspect"});
  client watching(s.port());
  watching.send(request_here("GET", "/-/events"));
  CHECK(watching.read_head().field("Content-Type") == "text/event-stream");
  watching.read_until("retry: 1000");
  CHECK(ask(s.port(), "GET", "/a.txt").body == "a");
  CHECK(has(watching.read_until("\"state\":\"done\""), "/a.txt"));
}

TEST_CASE("a stop does not wait for those who watch") {
  site const files;
  server s(files, {"--inspect", "--drain-time", "1h"});
  client watching(s.port());
  watching.send(request_here("GET", "/-/events"));
  watching.read_until("retry: 1000");
  s.signal(SIGTERM);
  CHECK(s.wait_for_end().has_value());
}

TEST_CASE("a composed request is answered as one from a browser would be") {
  site const files;
  files.script("s", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\ncat\n");
  server const s(files, {"--inspect"});
  auto const send = [&](std::string_view raw, std::string_view fields) {
    client c(s.port());
    c.send(request_here("POST", "/-/send", fields, raw));
    return c.read_reply();
  };
  constexpr std::string_view own = "Gatehouse-Inspector: 1\r\n";
  auto const raw = request_here("POST", "/cgi-bin/s", "", "from here");
  CHECK(send(raw, "").status == 403);
  auto const said = send(raw, own);
  CHECK(said.status == 200);
  CHECK(has(said.body, "\"note\":\"\""));
  auto const list = look(s, "/-/exchanges").body;
  CHECK(has(said.body, "\"id\":" + id_of_only_one(list)));
  CHECK(has(look(s, "/-/exchanges/" + id_of_only_one(list)).body, "ZnJvbSBoZXJl" /* from here */));
  CHECK(has(send("GET /unended HTTP/1.1\r\nHo", own).body, "not complete"));
  CHECK(has(look(s, "/-/exchanges").body, "\"target\":\"/unended\""));
  CHECK(send(std::string(2'000'000, 'x'), own).status == 413);
}

TEST_CASE("a composed request that asks for another, and so on, comes to an end") {
  site const files;
  files.write("a.txt", "a");
  server const s(files, {"--inspect"});
  constexpr std::string_view own = "Gatehouse-Inspector: 1\r\n";
  auto nested = request_here("GET", "/a.txt");
  for (int depth = 0; depth < 100; ++depth) nested = request_here("POST", "/-/send", own, nested);
  client c(s.port());
  c.send(nested);
  CHECK(c.read_reply().status == 200);
  CHECK(has(s.log(), "inspector-busy"));
  CHECK_FALSE(has(look(s, "/-/exchanges").body, "/a.txt"));
  // And its places are free again.
  c.send(request_here("POST", "/-/send", own, request_here("GET", "/a.txt")));
  CHECK(c.read_reply().status == 200);
  CHECK(has(look(s, "/-/exchanges").body, "/a.txt"));
}

TEST_CASE("a script that the page has asked for is stopped when the page leaves") {
  site const files;
  files.script("silent", "#!/bin/sh\necho $$ >new && mv new pid\nexec sleep 1000\n");
  server const s(files, {"--inspect"});
  auto const pid_file = files.root() / "cgi-bin" / "pid";
  client page(s.port());
  page.send(request_here("POST", "/-/send", "Gatehouse-Inspector: 1\r\n",
                         request_here("GET", "/cgi-bin/silent")));
  REQUIRE(eventually([&] { return std::filesystem::exists(pid_file); }));
  auto const pid = static_cast<pid_t>(std::stoi(contents(pid_file)));
  CHECK(::kill(pid, 0) == 0);
  page.reset();
  CHECK(eventually([&] { return ::kill(pid, 0) != 0; }));
}

TEST_CASE("a name that is not this machine's is refused") {
  site const files;
  server const s(files, {"--inspect"});
  client c(s.port());
  c.send("GET /-/exchanges HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
  CHECK(c.read_reply().status == 403);
}

TEST_CASE("with a token the inspector needs it, and remembers it in a cookie") {
  site const files;
  std::string const token = "abcdefghij0123456789";
  server const s(files, {"--inspect-token", token});
  CHECK(look(s, "/-/").status == 403);
  auto const page = look(s, "/-/?token=" + token);
  CHECK(page.status == 303);
  CHECK(page.field("Location") == "/-/");
  auto const cookie = page.field("Set-Cookie");
  CHECK(has(cookie, "HttpOnly; SameSite=Strict"));
  auto const pair = cookie.substr(0, cookie.find(';'));
  CHECK(look(s, "/-/exchanges", "Cookie: " + pair + "\r\n").status == 200);
  CHECK_FALSE(has(s.log(), token));
}

TEST_CASE("the inspector's token is in no log, at no level, whatever becomes of a request") {
  std::string const token = "this-is-a-secret-token";
  std::string const asked = "/-/?token=" + token;
  site const files;
  files.script("tells",
               "#!/bin/sh\necho \"$HTTP_REFERER $QUERY_STRING\" >&2\n"
               "echo \"$HTTP_REFERER\"\n");
  auto const log = files.base() / "access.log";
  auto const config = files.write(files.base() / "conf", "inspect-token = " + token + "\n");
  struct row {
    std::string_view label;
    std::string bytes;
  };
  std::string const long_fields = "X: " + std::string(40000, 'x') + "\r\n";
  row const rows[] = {
      {"as it should be", "GET " + asked + " HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"another version", "GET " + asked + " HTTP/7.9\r\nHost: h\r\n\r\n"},
      {"no version", "GET " + asked + " HTTP\r\nHost: h\r\n\r\n"},
      {"no request", asked + "\r\n\r\n"},
      {"a NUL behind it", "GET " + asked + "\0 HTTP/1.1\r\nHost: h\r\n\r\n"s},
      {"a fragment behind it", "GET " + asked + "#x HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"another scheme", "GET ftp://h" + asked + " HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"no host", "GET " + asked + " HTTP/1.1\r\n\r\n"},
      {"an unknown method", "THIS " + asked + " HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"as a host", "GET / HTTP/1.1\r\nHost: h/" + token + "\r\n\r\n"},
      {"as a path", "GET /" + token + " HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"as a user agent", "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: " + token + "\r\n\r\n"},
      {"as a referer", "GET /cgi-bin/tells?" + token + " HTTP/1.1\r\nHost: h\r\nReferer: http://h" +
                           asked + "\r\n\r\n"},
      {"in a bad cookie",
       "GET / HTTP/1.1\r\nHost: h\r\nCookie: gatehouse-inspector=" + token + "\1\r\n\r\n"},
      {"in a bad field", "GET / HTTP/1.1\r\nHost: h\r\ngatehouse-inspector " + token + "\r\n\r\n"},
      {"in a large head", "GET " + asked + " HTTP/1.1\r\nHost: h\r\n" + long_fields + "\r\n"},
  };
  for (bool const as_json : {false, true}) {
    CAPTURE(as_json);
    server const s(files,
                   {"--config", config.string(), "--log-level", "trace", "--trace", "--access-log",
                    log.string(), "--log-format", as_json ? "json" : "combined"});
    for (row const& r : rows) {
      CAPTURE(r.label);
      client c(s.port());
      c.send(r.bytes);
      CHECK(c.read_reply().status >= 200);
    }
    ask(s.port(), "GET", "/the-last-one");
    REQUIRE(eventually([&] { return has(contents(log), "/the-last-one"); }));
    for (std::string const& text : {s.log(), contents(log)}) {
      CHECK_FALSE_MESSAGE(has(text, token.substr(0, 8)), text);
      CHECK(has(text, "***"));
    }
  }
  // Those that it had before are no less secret, and neither is the next one.
  server const s(files, {"--config", config.string()});
  files.write(config, "inspect-token = another-secret-of-it\n");
  s.signal(SIGHUP);
  REQUIRE(s.logged("reloaded: "));
  for (std::string const each : {"another-secret-of-it", "this-is-a-secret-token"}) {
    ask(s.port(), "GET", "/" + each);
  }
  CHECK(eventually([&] { return has(s.log(), "GET /***"); }));
  CHECK(s.logged("GET /*** HTTP/1.1"));
  CHECK_FALSE(has(s.log(), "secret"));
}

TEST_CASE("where others reach the server, the inspector wants a token") {
  site const files;
  auto const refused =
      run({binary(), "--port", "0", "--bind", "0.0.0.0", "--inspect", files.root().string()});
  CHECK(refused.code() != 0);
  CHECK(has(refused.err, "--inspect-token"));
}

TEST_SUITE_END();
