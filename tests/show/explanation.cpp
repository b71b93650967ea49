#include "gatehouse/show/explanation.hpp"

#include <doctest/doctest.h>

#include "gatehouse/base/escape.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

trace::recording asked(std::string const& target) {
  trace::recording r;
  auto const head = "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
  r.request_head.add(head, head.size());
  r.request.emplace();
  r.request->method = "GET";
  r.request->target.path = target;
  r.route = trace::recorded_route{"/cgi-bin", "programs of", "/srv"};
  return r;
}

trace::recording described() {
  auto r = asked("/cgi-bin/s/info");
  r.script = trace::recorded_script{"/cgi-bin/s", "/info", "/srv/s", ""};
  r.variables = {{"REQUEST_METHOD", "GET", "request line", "4.1.12", {}},
                 {"A", "b", "--env", "configuration", {}}};
  r.program = trace::recorded_program{"/srv/s", {"/srv/s", "word"}, "/srv"};
  return r;
}

trace::recording run() {
  auto r = described();
  r.pid = 1;
  r.standard_output.add("Content-Type: a/b\n\nbody \r\nend", 29);
  r.header_block_size = 19;
  r.header_lines.push_back({0, 17, "Handed on."});
  r.end = trace::recorded_end{0, 1500us, 20us, 900};
  r.done = r.complete = true;
  r.times.head_read = 20us;
  r.times.process_started = 12345us;
  r.times.ended = 20ms;
  r.framing = "chunked";
  r.status = 200;
  return r;
}

bool has(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a program that was described is told step by step") {
  CHECK(show::explanation(described(), std::nullopt, false) ==
        R"(1. The request: what the client sends
     GET /cgi-bin/s/info HTTP/1.1\r\n
     Host: h\r\n
     \r\n

2. Who answers
   /cgi-bin is the longest mapped prefix of /cgi-bin/s/info: programs of /srv

3. Which program
   program      /srv/s
   SCRIPT_NAME  /cgi-bin/s  the part of the path that names it
   PATH_INFO    /info       the rest of the path, for the program

4. How it is started
   argv[0]    /srv/s  the program
   argv[1]    word    a word of the query (RFC 3875, 4.4)
   directory  /srv    where the program lies

5. Its environment: each variable, and where it comes from
   REQUEST_METHOD  GET  request line  RFC 3875, 4.1.12
   A               b    --env         configuration

6. Its standard input
   Nothing: there is no body.
)");
}

TEST_CASE("of a run, the output, its end, the response and the times follow") {
  auto const text =
      show::explanation(run(), show::raw_response{"HTTP/1.1 200 OK\r\n\r\nx", 40}, false);
  auto const from = text.find("7. ");
  REQUIRE(from != std::string::npos);
  CHECK(text.substr(from) == R"(7. What it prints: its standard output
   The header block, 19 bytes with its empty line:
     Content-Type: a/b\n
     \n
   The body, 10 bytes:
     body \r\n
     end

8. What the server does with each header line
   Content-Type: a/b  Handed on.

9. What it says to the log: its standard error
   Nothing.

10. How it ends
   It exited with status 0.
   processor time  1.50 ms in the program  0.02 ms in the kernel for it
   peak memory     900 KiB

11. The response: what the client gets
     HTTP/1.1 200 OK\r\n
     \r\n
     x
   ... the first 1 of 21 bytes

12. When
    0.00 ms  the request's first byte is here
    0.02 ms  its head has been read
   12.34 ms  the program is known to run
   20.00 ms  the response has been sent

Verdict: 200 OK after 20 ms; it exited with status 0
)");
}

TEST_CASE("nothing that was sent or printed commands the terminal") {
  auto r = run();
  std::string const evil = "\x1B]0;x\x07\x9B\xC2\x9B";
  r.route->target += evil;
  r.script->file += evil;
  r.script->path_info = evil;
  r.script->interpreter = evil;
  r.request->target.path += evil;
  r.program->arguments.push_back(evil);
  r.program->directory = evil;
  r.variables.push_back({evil, "a\nb" + evil, evil, evil, {}});
  r.standard_input.add(evil, evil.size());
  r.standard_output.add("\n" + evil, evil.size() + 1);
  r.standard_error.add(evil);
  r.error = http::http_error{.status = 502, .reason = "bad", .detail = evil};
  r.error->help = {evil, evil, {}, {}};
  auto const text = show::explanation(r, show::raw_response{evil, evil.size()}, false);
  CHECK(base::terminal_escaped(text) == text);
  CHECK(text.find("\\x1b]0;x\\x07\\x9b\\xc2\\x9b") != std::string::npos);
  CHECK(text.find("a\\nb") != std::string::npos);
}

TEST_CASE("an explanation of a failure marks the line that is at fault, and ends with the fix") {
  auto r = run();
  r.error = http::http_error{.status = 502, .reason = "script-bad-header"};
  r.error->help = {.explanation = "Line 2 is no header.",
                   .command = "sed -i 2d /srv/s",
                   .output_excerpt = "A: b\r\nwrong\n",
                   .marked_line = 2};
  r.times.ended = 31ms;
  auto const text = show::explanation(r, show::raw_response{"", 0}, false);
  CHECK(text.find(R"(Why it fails
   502 Bad Gateway: script-bad-header
   Line 2 is no header.
   Try: sed -i 2d /srv/s
   What it printed first:
       A: b
   --> wrong
)") != std::string::npos);
  CHECK(text.ends_with(
      "Verdict: 502 Bad Gateway after 31 ms. Line 2 is no header. Try: sed -i 2d /srv/s\n"));
}

TEST_CASE("an explanation names the fields that the program does not get") {
  auto r = described();
  for (std::string_view const name : {"Host", "Proxy", "X_Name", "x_name", "Authorization", "X.Y"})
    r.request->fields.add(name, "v");
  auto const with = [&] { return show::explanation(r, std::nullopt, false); };
  CHECK(with().find(R"(
   Fields of the request that it does not get:
   Proxy          HTTP_PROXY is a setting to many programs, which no client may make
   X_Name         with _ it could pass for the field with - in that place
   Authorization  the server keeps it to itself, unless --pass-auth is given
   X.Y            its name has other characters than letters, digits and -
)") != std::string::npos);
  r.variables.push_back({"HTTP_AUTHORIZATION", "v", "header field", "4.1.18", {}});
  CHECK(with().find("Authorization  the server") == std::string::npos);
}

TEST_CASE("colours are all that is added for a terminal") {
  auto coloured = show::explanation(run(), std::nullopt, true);
  CHECK(coloured.find("\x1B[1m1. The request") != std::string::npos);
  for (auto at = coloured.find('\x1B'); at != std::string::npos; at = coloured.find('\x1B')) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  CHECK(coloured == show::explanation(run(), std::nullopt, false));
}

TEST_CASE("a long value does not widen its column") {
  auto r = described();
  r.variables = {{"A", std::string(60, 'x'), "from", "4.1.1", {}}, {"B", "y", "from", "4.1.1", {}}};
  auto const text = show::explanation(r, std::nullopt, false);
  CHECK(text.find("   A  " + std::string(60, 'x') + "\n         from  RFC 3875, 4.1.1\n" +
                  "   B  y  from  RFC 3875, 4.1.1\n") != std::string::npos);
}

TEST_CASE("each other way of a request has its words") {
  auto file = asked("/a.css");
  file.route = trace::recorded_route{"", "files of", "/www"};
  file.status = 200;
  std::string const head = "HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nContent-Length: 5\r\n\r\n";
  file.response_head.add(head, head.size());

  auto missing = asked("/no");
  missing.error = http::http_error{.status = 404, .reason = "file-not-found", .detail = "d"};
  missing.error->help.explanation = "It is not there.";
  missing.error->help.command = "ls";

  auto with_body = described();
  with_body.standard_input.add("a=b", 3);

  auto redirected = described();
  redirected.variables.push_back({"REDIRECT_URL", "/first", "", "", {}});
  redirected.request->target.path = "/first";

  auto redirecting = run();
  redirecting.standard_output = {};
  redirecting.standard_output.add("Location: /a.css?q\n\n", 20);
  redirecting.header_block_size = 20;
  redirecting.route = file.route;

  auto raw = run();
  raw.header_block_size = 0;
  raw.header_lines.clear();
  raw.framing.clear();

  auto killed = run();
  killed.end->wait_status = 11;

  struct row {
    std::string_view label;
    trace::recording of;
    std::string says;
  };
  row const rows[] = {
      {"a file", file, "No mapped prefix of /a.css is longer than /: files of /www"},
      {"what is sent", file,
       "   status          200 OK\n   Content-Type    text/css\n   Content-Length  5\n"},
      {"an error", missing,
       "   404 Not Found: file-not-found (d)\n   It is not there.\n   Try: ls\n"},
      {"a body", with_body, "   The body, 3 bytes:\n     a=b\n"},
      {"a program after a redirect", redirected,
       "   After a local redirect from /first:\n"
       "   /cgi-bin is the longest mapped prefix of /cgi-bin/s/info: programs of /srv\n"},
      {"a file after a redirect", redirecting,
       "   After a local redirect from /cgi-bin/s/info:\n"
       "   No mapped prefix of /a.css is longer than /: files of /www\n"},
      {"non-parsed headers", raw, "the client gets as they are"},
      {"a killed program", killed, "It was killed by signal 11"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const text = show::explanation(r.of, std::nullopt, false);
    CAPTURE(text);
    CHECK(text.find(r.says) != std::string::npos);
  }
}

TEST_CASE("what the author of a program should know follows its header lines") {
  auto remarked = run();
  remarked.remarks.push_back({"script-location", "Location is empty and counts as none", false});
  remarked.remarks.push_back({"script-failed-late", "answered, then failed: it exited", true});
  auto const text = show::explanation(remarked, std::nullopt, false);
  CHECK(text.find("9. What its author should know\n"
                  "   Location is empty and counts as none (script-location)\n"
                  "   answered, then failed: it exited (script-failed-late)\n") !=
        std::string::npos);
}

TEST_CASE("an application in memory that was described is told, and its workers") {
  auto r = asked("/a");
  r.route = trace::recorded_route{"", "the application", "flaskapp:app", true};
  r.application = trace::recorded_application{
      "WSGI", "flaskapp:app", {{"workers", "2"}, {"directory", "/srv/app"}}};
  r.variables = {{"PATH_INFO", "/a", "request-target path", "4.1.5", {}}};
  auto const text = show::explanation(r, std::nullopt, false);
  CHECK(has(text, "No mapped prefix of /a is longer than /: the application flaskapp:app\n"));
  CHECK(has(text,
            "3. Which application\n"
            "   application  flaskapp:app\n"
            "   asked by     WSGI          it stays in memory, in workers that the server keeps\n"
            "   workers      2\n"
            "   directory    /srv/app\n"));
  CHECK(has(text, "What it is told: each variable"));
  CHECK(has(text, "What it can read: the request's body"));
  CHECK_FALSE(has(text, "How it is asked"));
}

TEST_CASE("the way to a worker and its exception are told, and the verdict says it in a line") {
  auto r = asked("/a");
  r.application = trace::recorded_application{"WSGI", "flaskapp:app", {}};
  r.queued = 1500us;
  r.asked = trace::recorded_question{"WSGI", "flaskapp:app", true, 42};
  r.asked->records = {{true, "request", 170}, {false, "exception", 90}};
  r.asked->passed = 2;
  r.exception = trace::recorded_exception{"KeyError: 'x'", false, {"Traceback", "KeyError: 'x'"}};
  r.error = http::http_error{.status = 500, .reason = "wsgi-exception"};
  r.error->help.explanation = "The application raised KeyError: 'x'.";
  r.standard_error.add("printed");
  r.done = r.complete = true;
  r.status = 500;
  r.times.asked = 2ms;
  r.times.ended = 5ms;
  auto const text = show::explanation(r, show::raw_response{"", 0}, false);
  for (std::string_view const part : {
           "   in the queue  1.5 ms\n",
           "   worker        flaskapp:app[42]  pid 42\n",
           "   to it    request    170 bytes\n",
           "   from it  exception  90 bytes\n",
           "What it answers\n   Nothing.\n",
           "   printed\n",
           "What it raised\n   KeyError: 'x'\n   Traceback\n   KeyError: 'x'\n",
           "the application has it",
           "500 Internal Server Error after 5.0 ms: the application raised KeyError: 'x'\n",
       }) {
    CAPTURE(part);
    CHECK_MESSAGE(has(text, part), text);
  }
}

TEST_CASE("how a script started is told where --warm is in use") {
  auto r = run();
  r.program->start = "warm, out of a template (--warm)";
  CHECK(has(show::explanation(r, std::nullopt, false),
            "start      warm, out of a template (--warm)"));
  r.warm = trace::recorded_warm_start{1200us, 31ms, ""};
  auto const warm = show::explanation(r, std::nullopt, false);
  CHECK(has(warm, "Warm, out of a template, in 1.2 ms.\n"));
  CHECK(has(warm, "When it started cold, its first output came after 31 ms.\n"));
  r.warm = trace::recorded_warm_start{{}, {}, "its template is being started"};
  CHECK(has(show::explanation(r, std::nullopt, false), "Cold: its template is being started.\n"));
}
