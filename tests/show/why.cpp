#include "gatehouse/show/why.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/show/verdict.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

constexpr int exited_with_1 = 256, terminated = 15, segmentation_fault = 11, killed = 9;

// A script's exchange that is over; the rows say how.
trace::recording over() {
  trace::recording r;
  r.route = trace::recorded_route{"/cgi-bin", "programs of", "/srv/cgi-bin", true};
  r.script = trace::recorded_script{"/cgi-bin/s", {}, "/srv/cgi-bin/s", ""};
  r.pid = 42;
  r.done = r.complete = true;
  r.status = 200;
  r.times.response_began = 1ms;
  r.times.ended = 2s;
  return r;
}

void print(trace::recording& r, std::string const& block, std::string const& body) {
  r.standard_output.add(block + body, block.size() + body.size());
  r.header_block_size = block.size();
  std::size_t start = 0;
  for (auto end = block.find('\n'); end != std::string::npos; end = block.find('\n', start)) {
    if (end > start) r.header_lines.push_back({start, end, ""});
    start = end + 1;
  }
}

bool has(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an exchange that goes on, or went well, has no reason to tell") {
  auto well = over();
  CHECK_FALSE(show::why_of(well).has_value());
  well.done = false;
  CHECK_FALSE(show::why_of(well).has_value());
  CHECK_FALSE(show::why_of(trace::recording()).has_value());
}

TEST_CASE("each way to fail is told in plain words, with its reason") {
  struct row {
    char const* label;
    std::function<void(trace::recording&)> happens;
    char const* title;
    std::vector<char const*> says;
    char const* reason;
  };
  row const rows[] = {
      {"an error with a diagnosis",
       [](auto& r) {
         r.error = http::http_error{.status = 502, .reason = "script-bad-header"};
         r.error->help.explanation = "Line 2 is no header.";
       },
       "Why 502",
       {"Line 2 is no header."},
       "script-bad-header"},
      {"an error without one",
       [](auto& r) {
         r.error = http::http_error{.status = 404, .reason = "not-found", .detail = "/srv/x"};
       },
       "Why 404",
       {"There is nothing at this address."},
       "not-found"},
      {"a local redirect to what is not there",
       [](auto& r) {
         print(r, "Location: /none\n\n", "");
         r.error = http::http_error{.status = 404, .reason = "not-found"};
       },
       "Why 404",
       {"There is nothing at this address. The script /cgi-bin/s has sent the request there",
        "Location that it printed: /none."},
       "not-found"},
      {"a status of the script's own",
       [](auto& r) {
         print(r, "A: b\nStatus: 404 Not Found\n\n", "no");
         r.status = 404;
       },
       "Why 404",
       {"The script itself answers 404 Not Found", "Status line"},
       ""},
      {"a status with a phrase of the script's own",
       [](auto& r) {
         print(r, "Status: 500 Oops\n\n", "no");
         std::string const head = "HTTP/1.1 500 Oops\r\n\r\n";
         r.response_head.add(head, head.size());
         r.framing = "chunked";
         r.status = 500;
       },
       "Why 500",
       {"The script itself answers 500 Oops: it prints"},
       ""},
      {"it exits with 1 behind its answer",
       [](auto& r) {
         print(r, "A: b\n\n", "body\n");
         r.end = trace::recorded_end{.wait_status = exited_with_1};
         r.remarks.push_back({"script-failed-late", "answered, then failed", true});
       },
       "It answered, then failed",
       {"The script answered, and then exited with status 1.", "cannot tell"},
       "script-failed-late"},
      {"it crashes after half of its answer",
       [](auto& r) {
         print(r, "A: b\n\n", "body\n");
         r.response_body.add("body\n", 5);
         r.end = trace::recorded_end{.wait_status = segmentation_fault};
         r.remarks.push_back({"script-failed-late", "answered, then failed", true});
         r.complete = false;
       },
       "The answer was cut short",
       {"was killed by signal 11 (segmentation fault) before its answer was whole", "5 bytes"},
       "script-failed-late"},
      {"it promises more than it prints",
       [](auto& r) {
         print(r, "Content-Length: 10\n\n", "body");
         r.remarks.push_back({"content-under-length", "answered, then failed: ...", true});
         r.complete = false;
       },
       "The answer was cut short",
       {"promised 10 bytes by its Content-Length, and printed 4 bytes", "Leave Content-Length out"},
       "content-under-length"},
      {"it prints more than it promises",
       [](auto& r) {
         print(r, "Content-Length: 3\n\n", "body");
         r.end = trace::recorded_end{};
         r.remarks.push_back({"content-over-length", "promised 3, printed 4", false});
       },
       "It printed more than it promised",
       {"promised 3 bytes", "printed 4 bytes. The client got the 3 bytes that were promised",
        "the rest was left out. Leave Content-Length out"},
       "content-over-length"},
      {"it prints more than it promises, without an end",
       [](auto& r) {
         print(r, "Content-Length: 3\n\n", "body");
         r.end = trace::recorded_end{.wait_status = terminated, .stopped = true};
         r.remarks.push_back({"content-over-length", "promised 3, printed 4", false});
       },
       "It printed more than it promised",
       {"printed at least 4 bytes", "The server stopped the script, which went on printing."},
       "content-over-length"},
      {"it prints more than it promises, and fails",
       [](auto& r) {
         print(r, "Content-Length: 3\n\n", "body");
         r.end = trace::recorded_end{.wait_status = exited_with_1};
         r.remarks.push_back({"content-over-length", "promised 3, printed 4", false});
         r.remarks.push_back({"script-failed-late", "answered, then failed", true});
       },
       "It answered, then failed",
       {"exited with status 1. The client got the 3 bytes that the Content-Length promised"},
       "script-failed-late"},
      {"it crashes before the end of what it promised",
       [](auto& r) {
         print(r, "Content-Length: 300\n\n", "body");
         r.response_body.add("body", 4);
         r.end = trace::recorded_end{.wait_status = segmentation_fault};
         r.remarks.push_back({"content-under-length", "answered, then failed: ...", true});
         r.complete = false;
       },
       "The answer was cut short",
       {"was killed by signal 11 (segmentation fault) before its answer was whole",
        "4 bytes of content of the 300 bytes that were promised"},
       "content-under-length"},
      {"it fails behind the head that was asked for alone",
       [](auto& r) {
         print(r, "A: b\n\n", "body");
         r.framing = "none";
         r.end = trace::recorded_end{.wait_status = exited_with_1};
         r.remarks.push_back({"script-failed-late", "answered, then failed", true});
       },
       "It answered, then failed",
       {"The client got the head of the answer, which is all of it"},
       "script-failed-late"},
      {"it falls silent behind the head that was asked for alone",
       [](auto& r) {
         r.framing = "none";
         r.complete = false;
         r.reason = "script-timeout";
         r.remarks.push_back({"script-timeout", "answered, then failed: it was stopped", true});
       },
       "It answered, then failed",
       {"The script answered, then failed: it was stopped."},
       "script-timeout"},
      {"it writes a response without a status line",
       [](auto& r) {
         r.response_body.add("hello", 5);
         r.standard_output.add("hello", 5);
       },
       "The response has no status line",
       {"writes the whole response itself", "HTTP/1.1 200 OK"},
       ""},
      {"it writes a response that is too short",
       [](auto& r) {
         std::string const all = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc";
         r.response_body.add(all, all.size());
       },
       "The answer was cut short",
       {"writes the whole response itself", "promised 100 bytes", "printed 3 bytes"},
       ""},
      {"it falls silent",
       [](auto& r) {
         r.remarks.push_back(
             {"script-timeout", "answered, then failed: it was stopped: no output for 2 s", true});
         r.end = trace::recorded_end{.wait_status = terminated, .stopped = true};
         r.complete = false;
       },
       "The answer was cut short",
       {"The script answered, then failed: it was stopped: no output for 2 s.", "--script-timeout"},
       "script-timeout"},
      {"the client reads too slowly",
       [](auto& r) {
         r.reason = "reader-too-slow";
         r.complete = false;
       },
       "The answer was cut short",
       {"0 bytes", "--min-rate"},
       "reader-too-slow"},
      {"the client reads nothing",
       [](auto& r) {
         r.reason = "reader-timeout";
         r.complete = false;
       },
       "The answer was cut short",
       {"0 bytes", "took nothing for as long as --idle-timeout allows"},
       "reader-timeout"},
      {"the client closes its side, and the script has to be killed",
       [](auto& r) {
         r.client_left = r.client_closed_its_side = true;
         r.times.client_left = 1s;
         r.complete = false;
         r.end = trace::recorded_end{.wait_status = killed, .stopped = true};
       },
       "The client left",
       {"The client closed its side of the connection after 1.0 s, and was taken to have left "
        "after "
        "2.0 s",
        "Process 42 was told to end by SIGTERM",
        "did not heed it within --grace, and was killed by "
        "signal 9"},
       "client-gone"},
      {"the client leaves, and the script ends by itself",
       [](auto& r) {
         r.client_left = true;
         r.complete = false;
         r.end = trace::recorded_end{};
       },
       "The client left",
       {"Process 42 exited with status 0 by itself."},
       "client-gone"},
      {"the client leaves",
       [](auto& r) {
         r.client_left = true;
         r.times.client_left = 2s;
         r.complete = false;
         r.end = trace::recorded_end{.wait_status = terminated, .stopped = true};
       },
       "The client left",
       {"closed the connection after 2.0 s", "0 bytes of the content", "printed nothing",
        "Process 42 was killed by signal 15 (terminated)", "SIGTERM"},
       "client-gone"},
      {"the client leaves before there is an answer",
       [](auto& r) {
         r.client_left = true;
         r.complete = false;
         r.times.response_began.reset();
       },
       "The client left",
       {"before there was an answer", "Process 42 has not ended yet."},
       "client-gone"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto recording = over();
    r.happens(recording);
    auto const why = show::why_of(recording);
    REQUIRE(why.has_value());
    CHECK(why->title == r.title);
    CHECK(why->reason == r.reason);
    for (std::string_view const part : r.says) {
      CAPTURE(part);
      CHECK_MESSAGE(has(why->sentence, part), why->sentence);
    }
  }
}

TEST_CASE("a reason has all that the error page has") {
  auto r = over();
  r.error = http::http_error{.status = 502, .reason = "script-bad-header", .detail = "line 2"};
  r.error->help = {.explanation = "It is no header.",
                   .command = "chmod +x s",
                   .output_excerpt = "one\ntwo\n",
                   .excerpt_line = 3,
                   .marked_line = 4,
                   .stderr_lines = {"oh", "no"}};
  auto const why = *show::why_of(r);
  CHECK(why.detail == "line 2");
  CHECK(why.command == "chmod +x s");
  REQUIRE(why.output.has_value());
  CHECK(why.output->text == "one\ntwo\n");
  CHECK(why.output->first_line == 3);
  CHECK(why.output->marked_line == 4);
  CHECK(why.stderr_lines == std::vector<std::string>{"oh", "no"});
}

TEST_CASE("the line of the header that is at fault is marked") {
  auto r = over();
  print(r, "A: 1\nB: 2\nC: 3\nD: 4\nE: 5\nContent-Length: 9\nF: 6\n\n", "body");
  r.remarks.push_back({"content-under-length", "...", true});
  auto const why = *show::why_of(r);
  REQUIRE(why.output.has_value());
  CHECK(why.output->marked_line == 6);
  CHECK(why.output->first_line == 2);
  CHECK(why.output->text == "B: 2\nC: 3\nD: 4\nE: 5\nContent-Length: 9\n");
}

TEST_CASE("of several lines of one name, the last one counts and is marked") {
  auto r = over();
  print(r, "Status: 404 Gone\nContent-Length: 1\nStatus: 500 Oops\nContent-Length: 9\n\n", "body");
  r.status = 500;
  CHECK(show::why_of(r)->output->marked_line == 3);
  r.status = 200;
  r.complete = false;
  r.remarks.push_back({"content-under-length", "...", true});
  CHECK(show::why_of(r)->output->marked_line == 4);
}

TEST_CASE("of a script that failed late, the last that it printed is shown") {
  struct row {
    char const* label;
    std::string body;
    char const* shown;
    std::size_t first_line;
  };
  row const rows[] = {{"a few lines", "1\n2\n", "A: b\n\n1\n2\n", 1},
                      {"many lines", "1\n2\n3\n4\n5\n6\n7", "3\n4\n5\n6\n7", 5},
                      {"no text", std::string("a\0b", 3), nullptr, 0}};
  for (row const& row : rows) {
    CAPTURE(row.label);
    auto r = over();
    print(r, "A: b\n\n", row.body);
    r.remarks.push_back({"script-failed-late", "...", true});
    auto const why = *show::why_of(r);
    REQUIRE(why.output.has_value() == (row.shown != nullptr));
    if (row.shown == nullptr) continue;
    CHECK(why.output->text == row.shown);
    CHECK(why.output->first_line == row.first_line);
    CHECK(why.output->marked_line == 0);
  }
}

TEST_CASE("of stderr the last lines stand beside the reason") {
  auto r = over();
  r.client_left = true;
  for (int i = 1; i <= 1000; ++i) r.standard_error.add(std::to_string(i));
  auto const lines = show::why_of(r)->stderr_lines;
  CHECK(lines.size() == base::limits::reason_stderr_lines);
  CHECK(lines.back() == "1000");
}

namespace {

// A Python application's exchange that is over.
trace::recording over_in_memory() {
  auto r = over();
  r.script.reset();
  r.pid.reset();
  r.application = trace::recorded_application{"WSGI", "flaskapp:app", {}};
  r.asked = trace::recorded_question{"WSGI", "flaskapp:app", true, 42};
  return r;
}

}  // namespace

TEST_CASE("an exception has its sentence and its traceback, apart from standard error") {
  auto r = over_in_memory();
  r.error = http::http_error{.status = 500, .reason = "wsgi-exception"};
  r.error->help.explanation = "The application raised KeyError: 'x'.";
  r.exception = trace::recorded_exception{"KeyError: 'x'", false, {"Traceback", "KeyError: 'x'"}};
  r.standard_error.add("printed");
  auto const why = show::why_of(r);
  REQUIRE(why.has_value());
  CHECK(why->title == "Why 500");
  CHECK(why->sentence == "The application raised KeyError: 'x'.");
  CHECK(why->traceback == r.exception->traceback);
  CHECK(why->stderr_lines == std::vector<std::string>{"printed"});
}

TEST_CASE("an application that fails within its answer is told of, and what its client got") {
  auto r = over_in_memory();
  r.complete = false;
  r.framing = "chunked";
  r.reason = "wsgi-exception";
  r.response_body.add("xx", 2);
  r.remarks.push_back({"wsgi-exception", "answered, then failed", true});
  r.exception = trace::recorded_exception{"ValueError: later", false, {"ValueError: later"}};
  auto why = show::why_of(r);
  REQUIRE(why.has_value());
  CHECK(why->title == "The answer was cut short");
  CHECK(why->sentence ==
        "The application raised ValueError: later. The client got 2 bytes of content, and then a "
        "connection that was cut.");
  CHECK(why->traceback.size() == 1);
  r.exception.reset();
  r.asked->worker_has_ended = true;
  why = show::why_of(r);
  REQUIRE(why.has_value());
  CHECK(has(why->sentence, "The worker flaskapp:app[42] ended within its answer."));
}

TEST_CASE("a status that an application gives by itself is its own") {
  auto r = over_in_memory();
  print(r, "Status: 404 Not Found\n\n", "no");
  r.status = 404;
  auto const why = show::why_of(r);
  REQUIRE(why.has_value());
  CHECK(
      has(why->sentence, "The application itself answers 404 Not Found: it calls start_response"));
  CHECK_FALSE(why->output.has_value());
}

TEST_CASE("a worker goes on when its client leaves") {
  auto r = over_in_memory();
  r.complete = false;
  r.client_left = true;
  auto const why = show::why_of(r);
  REQUIRE(why.has_value());
  CHECK(has(why->sentence, "The worker flaskapp:app[42] was told so"));
}

TEST_CASE("an exception that a framework has logged and answered for is found in its stderr") {
  auto r = over_in_memory();
  print(r, "Status: 500 Oh\n\n", "no");
  r.status = 500;
  for (char const* const line :
       {"ERROR in app: Exception on /a", "Traceback (most recent call last):", "  File \"a.py\"",
        "    return {}['x']", "KeyError: 'x'", "something else"})
    r.standard_error.add(line);
  CHECK(show::verdict(r).ends_with(": the application has logged KeyError: 'x'"));
  auto const why = show::why_of(r);
  REQUIRE(why.has_value());
  CHECK(has(why->sentence, "It has logged KeyError: 'x'."));
  CHECK(why->traceback ==
        std::vector<std::string>{"Traceback (most recent call last):", "  File \"a.py\"",
                                 "    return {}['x']", "KeyError: 'x'"});
  CHECK(why->stderr_lines.empty());
  r.status = 404;
  CHECK_FALSE(has(show::verdict(r), "KeyError"));
}
