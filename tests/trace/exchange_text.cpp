#include "gatehouse/trace/exchange_text.hpp"

#include <doctest/doctest.h>

#include "../quiet_context.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

// An exchange whose events come 10 microseconds apart.
struct told {
  boost::asio::io_context loop{1};
  tests::quiet_context context{loop.get_executor()};
  http::steady_time now = context.record.started;
  bool coloured = false;
  trace::exchange_text text{3, trace::begin_recording(context, now), coloured};

  template <class Event>
  std::string add(Event const& what) {
    now += 10us;
    return text.add(trace::event(what), now);
  }
  std::string end() {
    context.record.status = 200;
    context.record.complete = true;
    return add(trace::ended{context.record});
  }
};

bool has(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Without the columns of the number and of the time.
std::string steps(std::string const& text) {
  constexpr std::size_t columns = 17;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto const end = std::min(text.find('\n', at), text.size());
    auto const line = text.substr(at, end - at);
    out.append(line.size() > columns ? line.substr(columns) : "").append("\n");
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("every line has the exchange's number and the time") {
  told t;
  CHECK(t.add(trace::request_head{"GET / HTTP/1.1\r\nHost: h\r\n\r\n"}) ==
        "#3      0.01 ms  client     0.0.0.0:0 speaks to 0.0.0.0:0, on a new connection\n"
        "#3      0.01 ms  request    GET / HTTP/1.1\n"
        "#3      0.01 ms             Host: h\n");
  t.now += 12345678us;
  CHECK(t.add(trace::process_started{42}) == "#3  12345.70 ms  process    pid 42 has started\n");
}

TEST_CASE("a script that a template has forked is told from one that was started") {
  told t;
  t.add(trace::request_head{""});
  CHECK(steps(t.add(trace::process_started{42, trace::warm_start{1234us, 31ms, ""}})) ==
        "process    pid 42 has started out of a template, in 1.23 ms\n"
        "           when it started cold, its first output came after 31.00 ms\n");
  CHECK(steps(t.add(trace::process_started{
            42, trace::warm_start{std::nullopt, 31ms, "its template is being started"}})) ==
        "process    pid 42 has started cold: its template is being started\n");
}

TEST_CASE("the way to an application in memory is told in words") {
  told t;
  t.add(trace::request_head{""});
  std::vector<trace::fact> const facts = {{"workers", "2"}, {"directory", "/srv"}};
  CHECK(steps(t.add(trace::application_described{"WSGI", "flaskapp:app", facts})) ==
        "in memory  WSGI flaskapp:app\n"
        "           workers    2\n"
        "           directory  /srv\n");
  CHECK(steps(t.add(trace::queued{1500us})) ==
        "queue      it has waited 1.50 ms for a program that is free\n");
  CHECK(steps(t.add(trace::application_asked{"WSGI", "flaskapp:app", true, 42})) ==
        "asked      by WSGI: flaskapp:app\n"
        "           the worker with pid 42\n");
  CHECK(steps(t.add(trace::application_asked{"FastCGI", "unix:/s", false})) ==
        "asked      by FastCGI at unix:/s\n"
        "           by a new connection\n");
  CHECK(steps(t.add(trace::record_passed{trace::record_passed::to_application, "FCGI_PARAMS", 7,
                                         1})) == "sent       FCGI_PARAMS  7 bytes, request id 1\n");
  CHECK(steps(t.add(trace::record_passed{trace::record_passed::from_application, "answer", 1})) ==
        "came       answer  1 byte\n");
  std::vector<std::string> const traceback = {"Traceback", "KeyError: 'x'"};
  CHECK(steps(t.add(trace::application_raised{"KeyError: 'x'", false, traceback})) ==
        "exception  KeyError: 'x'\n"
        "           Traceback\n"
        "           KeyError: 'x'\n");
  CHECK(steps(t.add(trace::worker_ended{9})) == "worker     it was killed by signal 9 (killed)\n");
}

TEST_CASE("each step is told in words") {
  told t;
  t.add(trace::request_head{""});
  std::vector<std::string> const argv = {"/usr/bin/perl", "/srv/cgi-bin/s"};
  std::string const program = steps(t.add(trace::program_described{argv[0], argv, "/srv/cgi-bin"}));
  CHECK(program ==
        "program    /usr/bin/perl\n"
        "           argv[0]  /usr/bin/perl\n"
        "           argv[1]  /srv/cgi-bin/s\n"
        "           cwd      /srv/cgi-bin\n");
  CHECK(steps(t.add(trace::routed{"/cgi-bin", "programs of", "/srv/cgi-bin"})) ==
        "map        /cgi-bin/ is mapped to the programs of /srv/cgi-bin\n"
        "           the longest prefix of the path that is mapped\n");
  CHECK(has(t.add(trace::routed{"", "files of", "/srv"}), "a local redirect"));
  CHECK(steps(t.add(trace::script_found{"/cgi-bin/s", "/a/b", "/srv/cgi-bin/s", "/bin/x"})) ==
        "script     /srv/cgi-bin/s\n"
        "           SCRIPT_NAME  /cgi-bin/s\n"
        "           PATH_INFO    /a/b\n"
        "           run by       /bin/x\n");
  CHECK(has(t.add(trace::script_found{"/s", std::nullopt, "/s", ""}), "PATH_INFO    none"));
  CHECK(steps(t.add(trace::stderr_line{"no such file"})) == "stderr     no such file\n");
  rusage used{};
  used.ru_utime = {1, 500};
  used.ru_maxrss = 2048;
  CHECK(steps(t.add(trace::process_ended{42, 9, used})) ==
        "exit       it was killed by signal 9 (killed)\n"
        "           CPU time     1000.50 ms of its own, 0.00 ms in the kernel\n"
        "           peak memory  2.0 MiB\n");
  http::http_error error{.status = 502, .reason = "bad-header-line"};
  error.detail = "/s: no colon";
  error.help.explanation = "The first line is no header.";
  error.help.command = "cat \"it's\"";
  CHECK(steps(t.add(trace::failed{error})) ==
        "error      502 Bad Gateway  bad-header-line\n"
        "           /s: no colon\n"
        "           The first line is no header.\n"
        "           try  cat \"it's\"\n");
  CHECK(steps(t.add(trace::response_head{"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "chunked"})) ==
        "response   HTTP/1.1 200 OK\n"
        "           A: b\n"
        "           the content goes in chunks, the last of them empty\n");
  CHECK(t.add(trace::response_bytes{"abc", 3}).empty());
  CHECK(t.add(trace::response_bytes{"", 100}).empty());
  t.now = t.context.record.started + 1500us - 10us;
  CHECK(steps(t.end()) ==
        "content    103 bytes sent\n"
        "end        200, complete, after 1.50 ms\n"
        "\n");
}

TEST_CASE("variables are told together, in columns, with the event after them") {
  told t;
  t.add(trace::request_head{""});
  auto const long_value = std::string(60, 'x');
  CHECK(t.add(trace::variable{"REQUEST_METHOD", "GET", "request line", "4.1.12", {}}).empty());
  CHECK(t.add(trace::variable{"PATH", long_value, "--env", "configuration", {}}).empty());
  CHECK(t.add(trace::variable{"A", "caf\xC3\xA9", "server", "4.1.4", {}}).empty());
  CHECK(steps(t.add(trace::process_started{1})) ==
        "variables  REQUEST_METHOD  GET   request line, RFC 3875, 4.1.12\n"
        "           PATH            " +
            long_value +
            "\n"
            "                                 --env, configuration\n"
            "           A               caf\xC3\xA9  server, RFC 3875, 4.1.4\n"
            "process    pid 1 has started\n");
}

TEST_CASE("a script's output is told as it comes, and then what became of its header lines") {
  told t;
  t.add(trace::request_head{""});
  CHECK(steps(t.add(trace::stdout_bytes{"Status: 404"})) ==
        "stdout     11 bytes\n"
        "           Status: 404\n");
  CHECK(steps(t.add(trace::stdout_bytes{"\nX: y\r\n\n<b>\"\\\n"})) ==
        "stdout     14 bytes\n"
        "\n"
        "           X: y\\x0d\n"
        "\n"
        "           <b>\"\\\n");
  CHECK(t.add(trace::header_line{0, 11, "Became the status."}).empty());
  CHECK(t.add(trace::header_line{12, 16, "Handed on."}).empty());
  CHECK(steps(t.add(trace::header_block{19})) ==
        "headers    Status: 404  Became the status.\n"
        "           X: y         Handed on.\n");
  CHECK(steps(t.add(trace::remark{"script-location", "Location is empty"})) ==
        "remark     Location is empty  script-location\n");
}

TEST_CASE("of long input and output the first part is shown, and of what is no text its size") {
  told t;
  t.add(trace::request_head{""});
  auto const limit = base::limits::printed_bytes;
  auto const first = t.add(trace::stdin_bytes{std::string(limit - 1, 'a')});
  CHECK(has(first, std::string(limit - 1, 'a') + "\n"));
  CHECK_FALSE(has(first, "not shown"));
  auto const second = t.add(trace::stdin_bytes{"bcd"});
  CHECK(has(second, " b\n"));
  CHECK(has(second, "what follows is counted and not shown"));
  CHECK(t.add(trace::stdin_bytes{"efg"}).empty());
  CHECK(steps(t.add(trace::stdout_bytes{"\x89PNG\r\n\x1a\n\0\0\0"s})) ==
        "stdout     11 bytes\n"
        "           89 50 4e 47 0d 0a 1a 0a 00 00 00\n"
        "           this is no text, and not shown\n");
  auto const end = t.end();
  CHECK(has(end, "stdin      " + std::to_string(limit + 5) + " bytes in all, 5 bytes more"));
  CHECK_FALSE(has(end, "stdout"));
}

TEST_CASE("text of clients and scripts cannot drive the terminal or begin a line") {
  constexpr std::string_view evil = "a\x1b[2J\r\n#9 \xC2\x9B\x7F\xFF";
  std::vector<std::string> const argv(1, std::string(evil));
  std::vector<trace::fact> const evil_facts = {{std::string(evil), std::string(evil)}};
  std::vector<std::string> const evil_lines = {std::string(evil)};
  http::http_error error{.status = 500, .reason = "r"};
  error.detail = error.help.explanation = error.help.command = evil;
  std::string const block = std::string(evil) + ": x\r\n\r\n";
  struct row {
    std::string_view label;
    trace::event what;
  };
  row const rows[] = {
      {"a request head", trace::request_head{block}},
      {"a map", trace::routed{evil, "files of", evil}},
      {"a script", trace::script_found{evil, evil, evil, evil}},
      {"a variable", trace::variable{evil, evil, evil, evil, {}}},
      {"a program", trace::program_described{evil, argv, evil}},
      {"a question", trace::application_asked{evil, evil, false}},
      {"a record", trace::record_passed{trace::record_passed::from_application, evil, 1}},
      {"an application", trace::application_described{evil, evil, evil_facts}},
      {"an exception", trace::application_raised{evil, false, evil_lines}},
      {"why it started cold", trace::process_started{1, trace::warm_start{.why_cold = evil}}},
      {"stdin", trace::stdin_bytes{evil}},
      {"stdout", trace::stdout_bytes{evil}},
      {"a header line", trace::header_line{0, evil.size(), evil}},
      {"stderr", trace::stderr_line{evil}},
      {"an error", trace::failed{error}},
      {"a response head", trace::response_head{block, "none"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    told t;
    if (std::holds_alternative<trace::header_line>(r.what)) t.add(trace::stdout_bytes{evil});
    auto lines = t.text.add(r.what, t.now);
    lines += t.end();
    CHECK(has(lines, "a\\x1b[2J"));
    CHECK(has(lines, "\\xc2\\x9b\\x7f\\xff"));
    CHECK(lines.find_first_of("\x1b\r\x7f\xff") == std::string::npos);
    CHECK_FALSE(has(lines, "\n#9"));
  }
}

TEST_CASE("the end says why an answer is not whole") {
  struct row {
    char const* label;
    bool begun;
    bool left;
    std::string_view reason;
    char const* end;
  };
  row const rows[] = {
      {"it left while it was answered", true, true, "", "200, the client left, after"},
      {"it left before that", false, true, "", "no answer, the client left, after"},
      {"a slow client", true, false, "reader-timeout", "200, cut short: reader-timeout, after"},
      {"whatever else", true, false, "", "200, cut short, after"}};
  for (row const& r : rows) {
    CAPTURE(r.label);
    told t;
    t.add(trace::request_head{""});
    if (r.begun) t.add(trace::response_head{"HTTP/1.1 200 OK\r\n\r\n", "chunked"});
    t.context.record.status = r.begun ? 200 : 499;
    t.context.record.client_left = r.left;
    t.context.record.reason = r.reason;
    CHECK(has(t.add(trace::ended{t.context.record}), r.end));
  }
}

TEST_CASE("colours are around words and never left on") {
  told t;
  trace::exchange_text text(1, trace::begin_recording(t.context, t.now), true);
  auto const lines = text.add(trace::stderr_line{"oh"}, t.now);
  CHECK(has(lines, "\x1b[1;33mstderr\x1b[0m     oh\n"));
  for (std::size_t at = lines.find('\x1b'); at != std::string::npos; at = lines.find('\x1b', at)) {
    auto const reset = lines.find("\x1b[0m", at + 1);
    REQUIRE(reset != std::string::npos);
    CHECK(lines.find('\n', at) > reset);
    at = reset + 4;
  }
}

TEST_CASE("what non-parsed headers give is told as the program's own") {
  told t;
  t.add(trace::request_head{""});
  t.add(trace::response_bytes{"HTTP/1.0 200 OK\r\n\r\n", 19});
  CHECK(has(t.end(), "19 bytes sent as the program wrote them, head and all"));
}
