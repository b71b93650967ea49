#include "gatehouse/show/verdict.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

// A script that answers 200; the row says what else happens.
trace::recording running() {
  trace::recording r;
  r.request.emplace();
  r.route = trace::recorded_route{"/cgi-bin", "programs of", "/srv/cgi-bin", true};
  r.script = trace::recorded_script{"/cgi-bin/s", {}, "/srv/cgi-bin/s", ""};
  r.pid = 42;
  return r;
}

void begin_answer(trace::recording& r, std::string const& fields = "A: b\n") {
  auto const block = fields + "\n";
  r.standard_output.add(block + "body", block.size() + 4);
  r.header_block_size = block.size();
  r.status = 200;
  r.times.response_began = 1ms;
}

void end(trace::recording& r, std::chrono::microseconds at, bool complete = true) {
  r.done = true;
  r.complete = complete;
  r.times.ended = at;
}

// The response has this head, or the script writes all of it.
void answer_with(trace::recording& r, std::string const& head, unsigned status) {
  r.response_head.add(head, head.size());
  r.framing = "chunked";
  r.status = status;
}

void answer_raw(trace::recording& r, std::string const& response) {
  r.response_body.add(response, response.size());
  r.status = 200;
  r.times.response_began = 1ms;
}

constexpr int exited_with_1 = 256, terminated = 15, segmentation_fault = 11, killed = 9;

}  // namespace

TEST_CASE("an exchange has its outcome and its verdict at every moment") {
  struct row {
    char const* label;
    std::function<void(trace::recording&)> happens;
    char const* outcome;
    char const* verdict;
  };
  row const rows[] = {
      {"it waits for a place", [](auto& r) { r.pid.reset(); }, "waiting", "no answer yet"},
      {"it runs", [](auto&) {}, "waiting", "no answer yet; process 42 runs"},
      {"it streams", [](auto& r) { begin_answer(r); }, "sending", "200 OK, still sending"},
      {"it has answered",
       [](auto& r) {
         begin_answer(r);
         end(r, 12'345us);
       },
       "answered", "200 OK after 12 ms"},
      {"an error is on its way",
       [](auto& r) { r.error = http::http_error{.status = 502, .reason = "script-failed"}; },
       "failed", "502 Bad Gateway"},
      {"an error was answered",
       [](auto& r) {
         r.error = http::http_error{.status = 502, .reason = "script-failed"};
         r.status = 502;
         end(r, 31ms);
       },
       "failed", "502 Bad Gateway after 31 ms"},
      {"the script says 404",
       [](auto& r) {
         begin_answer(r, "Status: 404 Not Found\n");
         r.status = 404;
         end(r, 2'040us);
       },
       "failed", "404 Not Found after 2.0 ms"},
      {"it fails late",
       [](auto& r) {
         begin_answer(r);
         r.end = trace::recorded_end{.wait_status = exited_with_1};
         r.remarks.push_back({"script-failed-late", "answered, then failed", true});
         end(r, 5ms);
       },
       "answered_then_failed", "200 OK, then failed: exit code 1"},
      {"it crashes late",
       [](auto& r) {
         begin_answer(r);
         r.end = trace::recorded_end{.wait_status = segmentation_fault};
         r.remarks.push_back({"script-failed-late", "answered, then failed", true});
         end(r, 5ms, false);
       },
       "answered_then_failed", "200 OK, then failed: killed by SIGSEGV"},
      {"it stops within its chunks",
       [](auto& r) {
         begin_answer(r);
         r.end = trace::recorded_end{};
         r.remarks.push_back({"script-failed-late", "ended within its chunks", true});
         end(r, 5ms, false);
       },
       "answered_then_failed", "200 OK, then failed: its output was not whole"},
      {"it prints less than it promised",
       [](auto& r) {
         begin_answer(r, "Content-Length: 10\n");
         r.remarks.push_back({"content-under-length", "promised 10, printed 4", true});
         end(r, 5ms, false);
       },
       "answered_then_failed", "200 OK, then failed: promised 10 bytes, printed 4"},
      {"it prints more than it promised",
       [](auto& r) {
         begin_answer(r, "Content-Length: 3\n");
         r.end = trace::recorded_end{};
         r.remarks.push_back({"content-over-length", "promised 3, printed 4", false});
         end(r, 5ms);
       },
       "answered_then_failed", "200 OK, but too much: promised 3 bytes, printed 4"},
      {"it is stopped while it prints more than it promised",
       [](auto& r) {
         begin_answer(r, "Content-Length: 3\n");
         r.end = trace::recorded_end{.wait_status = terminated, .stopped = true};
         r.remarks.push_back({"content-over-length", "promised 3, printed 4", false});
         end(r, 5ms);
       },
       "answered_then_failed", "200 OK, but too much: promised 3 bytes, printed at least 4"},
      {"it crashes before the end of what it promised",
       [](auto& r) {
         begin_answer(r, "Content-Length: 300\n");
         r.end = trace::recorded_end{.wait_status = segmentation_fault};
         r.remarks.push_back({"content-under-length", "promised 300, printed 4", true});
         end(r, 5ms, false);
       },
       "answered_then_failed", "200 OK, then failed: killed by SIGSEGV"},
      {"it has a phrase of its own",
       [](auto& r) {
         begin_answer(r);
         answer_with(r, "HTTP/1.1 418 I am a teapot\r\n\r\n", 418);
         end(r, 12ms);
       },
       "failed", "418 I am a teapot after 12 ms"},
      {"it writes the whole response",
       [](auto& r) {
         answer_raw(r, "HTTP/1.1 200 Fine\r\nContent-Length: 3\r\n\r\nabc");
         end(r, 12ms);
       },
       "answered", "200 Fine after 12 ms; the script writes the whole response itself"},
      {"it writes a response without a status line",
       [](auto& r) {
         answer_raw(r, "hello");
         end(r, 12ms);
       },
       "answered_then_failed", "no status line; the script writes the whole response itself"},
      {"it writes a response that is too short",
       [](auto& r) {
         answer_raw(r, "HTTP/1.1 200 OK\nContent-Length: 100\n\nabc");
         end(r, 12ms);
       },
       "answered_then_failed",
       "200 OK by the script itself, then failed: promised 100 bytes, printed 3"},
      {"it falls silent",
       [](auto& r) {
         begin_answer(r);
         r.remarks.push_back({"script-timeout", "was stopped", true});
         end(r, 30s, false);
       },
       "answered_then_failed", "200 OK, then failed: stopped, because it was silent for too long"},
      {"the client reads too slowly",
       [](auto& r) {
         begin_answer(r);
         r.reason = "reader-too-slow";
         end(r, 30s, false);
       },
       "answered_then_failed", "200 OK, then failed: the client read too slowly"},
      {"the client reads nothing",
       [](auto& r) {
         begin_answer(r);
         r.reason = "reader-timeout";
         end(r, 30s, false);
       },
       "answered_then_failed", "200 OK, then failed: the client took nothing for too long"},
      {"the client leaves, and the process is being ended",
       [](auto& r) {
         r.client_left = true;
         end(r, 2s, false);
       },
       "client_left", "the client left after 2.0 s; process 42 still runs"},
      {"the client has left, and the process was ended",
       [](auto& r) {
         begin_answer(r);
         r.client_left = true;
         r.end = trace::recorded_end{.wait_status = terminated};
         end(r, 2s, false);
       },
       "client_left", "the client left after 2.0 s; process 42 was ended by SIGTERM"},
      {"the client was seen to leave before that counted, and the process had to be killed",
       [](auto& r) {
         begin_answer(r);
         r.client_left = true;
         r.times.client_left = 1s;
         r.end = trace::recorded_end{.wait_status = killed, .stopped = true};
         end(r, 2s, false);
       },
       "client_left",
       "the client left after 1.0 s; process 42 was ended by SIGKILL, because it did not heed "
       "SIGTERM"},
      {"the client has left, and the process ended by itself",
       [](auto& r) {
         r.client_left = true;
         r.end = trace::recorded_end{};
         end(r, 2s, false);
       },
       "client_left", "the client left after 2.0 s; process 42 exited with status 0"},
      {"the client left while it waited for a place",
       [](auto& r) {
         r.pid.reset();
         r.client_left = true;
         r.error = http::http_error{.status = 499, .reason = "client-gone"};
         end(r, 100ms, false);
       },
       "client_left", "the client left after 100 ms"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto recording = running();
    r.happens(recording);
    CHECK(show::name_of(show::outcome_of(recording)) == r.outcome);
    CHECK(show::verdict(recording) == r.verdict);
    CHECK(show::kind_of(recording) == "script");
  }
}

TEST_CASE("the kind of an exchange is known from its route on") {
  trace::recording r;
  CHECK(show::kind_of(r) == "other");
  r.route = trace::recorded_route{"", "files of", "/srv/www"};
  CHECK(show::kind_of(r) == "file");
  r.error = http::http_error{.status = 404, .reason = "not-found"};
  CHECK(show::kind_of(r) == "error");
  r.route = trace::recorded_route{"/cgi-bin", "programs of", "/srv/cgi-bin", true};
  CHECK(show::kind_of(r) == "script");
}

TEST_CASE("a time is as exact as it is of use") {
  struct row {
    std::chrono::microseconds time;
    char const* text;
  };
  row const rows[] = {{0us, "0.0 ms"},        {449us, "0.4 ms"},     {9'940us, "9.9 ms"},
                      {10'000us, "10 ms"},    {999'499us, "999 ms"}, {999'500us, "1.0 s"},
                      {2'000'000us, "2.0 s"}, {61s, "61.0 s"}};
  for (row const& r : rows) CHECK(show::brief_time(r.time) == r.text);
}

namespace {

// A Python application's exchange that has failed, after 31 ms.
trace::recording failed_in_memory(unsigned status, std::string_view reason) {
  trace::recording r;
  r.application = trace::recorded_application{"WSGI", "flaskapp:app", {}};
  r.asked = trace::recorded_question{"WSGI", "flaskapp:app", true, 42};
  r.error = http::http_error{.status = status, .reason = reason};
  r.status = status;
  end(r, 31ms);
  return r;
}

}  // namespace

TEST_CASE("the verdict on an application in memory says in words what became of it") {
  auto raised = failed_in_memory(500, "wsgi-exception");
  raised.exception = trace::recorded_exception{"KeyError: 'x'", false, {}};
  CHECK(show::verdict(raised) ==
        "500 Internal Server Error after 31 ms: the application raised KeyError: 'x'");
  raised.exception->sentence = "ValueError: one line\nand another";
  CHECK(show::verdict(raised).ends_with("raised ValueError: one line"));
  raised.exception = trace::recorded_exception{"start_response() was not called", true, {}};
  CHECK(show::verdict(raised).ends_with("31 ms: start_response() was not called"));

  auto ended = failed_in_memory(502, "wsgi-worker-ended");
  ended.asked->worker_has_ended = true;
  CHECK(show::verdict(ended) ==
        "502 Bad Gateway after 31 ms: the worker flaskapp:app[42] ended before it answered");
  ended.asked->worker_status = killed;
  CHECK(show::verdict(ended).ends_with("ended (killed by SIGKILL) before it answered"));

  auto waited = failed_in_memory(503, "script-queue-timeout");
  waited.asked.reset();
  waited.error->detail = "waited 30 s for a worker";
  CHECK(show::verdict(waited) == "503 Service Unavailable after 31 ms: waited 30 s for a worker");

  auto silent = failed_in_memory(504, "script-timeout");
  silent.error->detail = "no output for 30 s";
  CHECK(show::verdict(silent) ==
        "504 Gateway Timeout after 31 ms: the worker flaskapp:app[42]: no output for 30 s");
}

TEST_CASE("a worker that has the request is named, and what it raised within its answer") {
  trace::recording r;
  r.asked = trace::recorded_question{"WSGI", "flaskapp:app", true, 42};
  CHECK(show::verdict(r) == "no answer yet; the worker flaskapp:app[42] has it");
  begin_answer(r);
  end(r, 31ms, false);
  r.exception = trace::recorded_exception{"ValueError: later", false, {}};
  r.remarks.push_back({"wsgi-exception", "answered, then failed", true});
  CHECK(show::verdict(r) == "200 OK, then failed: the application raised ValueError: later");
  r.exception.reset();
  r.asked->worker_has_ended = true;
  r.asked->worker_status = exited_with_1;
  CHECK(show::verdict(r) ==
        "200 OK, then failed: the worker flaskapp:app[42] ended (exit code 1) within its answer");
}
