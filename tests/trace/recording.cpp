#include "gatehouse/trace/recording.hpp"

#include <doctest/doctest.h>

#include "../quiet_context.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

struct kept {
  boost::asio::io_context loop{1};
  tests::quiet_context context{loop.get_executor()};
  http::steady_time now = context.record.started;
  trace::recording recording = trace::begin_recording(context, now - 3us);

  template <class Event>
  void add(Event const& what) {
    now += 10us;
    trace::add(recording, trace::event(what), now);
  }
};

}  // namespace

TEST_CASE("a recording keeps what the events tell, and when") {
  kept k;
  k.add(trace::request_head{"GET /s?q HTTP/1.1\r\n\r\n"});
  k.add(trace::script_found{"/s", std::nullopt, "/srv/s", ""});
  k.add(trace::variable{
      "QUERY_STRING", "q", "request-target query", "4.1.7", {http::head_part::query, {}, 0}});
  k.add(trace::process_started{42, trace::warm_start{1200us, 31ms, ""}});
  k.add(trace::stdout_bytes{"Content-"});
  k.add(trace::stdout_bytes{"Type: t\n\n"});
  rusage used{};
  used.ru_utime = {1, 5};
  used.ru_maxrss = 77;
  k.add(trace::process_ended{42, 256, used, true});
  k.context.record.status = 200;
  k.context.record.complete = true;
  k.add(trace::ended{k.context.record});

  auto const& r = k.recording;
  CHECK(r.variables.at(0).spans == std::vector<http::byte_span>{{7, 8}});
  CHECK(r.standard_output.bytes == "Content-Type: t\n\n");
  REQUIRE(r.warm.has_value());
  CHECK(r.warm->took == 1200us);
  CHECK(r.warm->cold == 31ms);
  CHECK(r.end->wait_status == 256);
  CHECK(r.end->user == 1'000'005us);
  CHECK(r.end->max_resident_kib == 77);
  CHECK(r.end->max_resident_is_bound);
  CHECK(r.done);
  CHECK(r.complete);
  CHECK(r.times.connected == -3us);
  CHECK(r.times.head_read == 10us);
  CHECK(r.times.first_output == 50us);
  CHECK(r.times.ended == 80us);
  CHECK_FALSE(r.times.response_began.has_value());
}

TEST_CASE("of bodies and of stderr a recording keeps the first part, and how much there was") {
  kept k;
  std::string const much(base::limits::traced_bytes, 'x');
  k.add(trace::stdout_bytes{"yy"});
  k.add(trace::stdout_bytes{much});
  k.add(trace::response_bytes{"abc", 1000});
  CHECK(k.recording.standard_output.bytes.size() == base::limits::traced_bytes);
  CHECK(k.recording.standard_output.size == base::limits::traced_bytes + 2);
  CHECK(k.recording.standard_output.cut());
  CHECK(k.recording.response_body.bytes == "abc");
  CHECK(k.recording.response_body.size == 1000);
}

TEST_CASE("of stderr a recording keeps the first lines and the last ones") {
  constexpr auto head = base::limits::traced_first_lines, tail = base::limits::traced_last_lines;
  struct row {
    std::size_t printed, in_head, in_tail, left_out;
  };
  row const rows[] = {{0, 0, 0, 0},
                      {3, 3, 0, 0},
                      {head, head, 0, 0},
                      {head + 1, head, 1, 0},
                      {head + tail, head, tail, 0},
                      {head + tail + 1, head, tail, 1},
                      {40'000, head, tail, 40'000 - head - tail}};
  for (row const& r : rows) {
    CAPTURE(r.printed);
    kept k;
    for (std::size_t i = 1; i <= r.printed; ++i) k.add(trace::stderr_line{std::to_string(i)});
    auto const& lines = k.recording.standard_error;
    CHECK(lines.count == r.printed);
    CHECK(lines.head.size() == r.in_head);
    CHECK(lines.tail.size() == r.in_tail);
    CHECK(lines.left_out() == r.left_out);
    if (r.printed > 0) CHECK(lines.last(1).at(0) == std::to_string(r.printed));
  }
}

TEST_CASE("the last lines of stderr are never joined over a gap") {
  trace::kept_lines lines;
  for (std::size_t i = 1; i <= base::limits::traced_first_lines + 1; ++i)
    lines.add(std::to_string(i));
  CHECK(lines.last(3) == std::vector<std::string>{"49", "50", "51"});
  for (int i = 0; i < 1000; ++i) lines.add("x");
  CHECK(lines.last(500).size() == base::limits::traced_last_lines);
}

TEST_CASE("what a script reports after its exchange is over belongs to it") {
  kept k;
  k.add(trace::process_started{42});
  k.context.record.client_left = true;
  k.add(trace::ended{k.context.record});
  CHECK(k.recording.done);
  CHECK(k.recording.client_left);
  k.add(trace::stderr_line{"bye"});
  k.add(trace::process_ended{42, 15, {}});
  CHECK(k.recording.end->wait_status == 15);
  CHECK(k.recording.standard_error.head == std::vector<std::string>{"bye"});
}

TEST_CASE("the end of a script that a local redirect has left is not the second one's") {
  kept k;
  k.add(trace::script_found{"/first", std::nullopt, "/srv/first", ""});
  k.add(trace::process_started{1});
  k.add(trace::script_found{"/second", std::nullopt, "/srv/second", ""});
  k.add(trace::process_ended{1, 0, {}});
  CHECK_FALSE(k.recording.end.has_value());
  k.add(trace::process_started{2});
  k.add(trace::process_ended{1, 0, {}});
  CHECK_FALSE(k.recording.end.has_value());
  k.add(trace::process_ended{2, 256, {}});
  CHECK(k.recording.end->wait_status == 256);
  CHECK_FALSE(k.recording.end->stopped);
}

TEST_CASE("each script of a local redirect has its own stderr, however late it comes") {
  kept k;
  k.add(trace::script_found{"/first", std::nullopt, "/srv/first", ""});
  k.add(trace::process_started{1});
  k.add(trace::stderr_line{"from the first", 1});
  k.add(trace::stdout_bytes{"Location: /second\n\n"});
  k.add(trace::header_block{19});
  k.add(trace::script_found{"/second", std::nullopt, "/srv/second", ""});
  k.add(trace::stderr_line{"late from the first", 1});
  k.add(trace::process_ended{1, 256, {}});
  k.add(trace::process_started{2});
  k.add(trace::stderr_line{"from the second", 2});
  using lines = std::vector<std::string>;
  CHECK(k.recording.standard_error.head == lines{"from the second"});
  REQUIRE(k.recording.redirected_by.size() == 1);
  auto const& first = k.recording.redirected_by.front();
  CHECK(first.script.script_name == "/first");
  CHECK(first.header_block == "Location: /second\n\n");
  CHECK(first.end->wait_status == 256);
  CHECK(first.standard_error.head == lines{"from the first", "late from the first"});
}

TEST_CASE("the status is known as soon as the response begins") {
  struct row {
    char const* label;
    trace::event what;
    unsigned status;
  };
  row const rows[] = {
      {"a head", trace::response_head{"HTTP/1.1 404 Not Found\r\n\r\n", "none"}, 404},
      {"a program's own head", trace::response_bytes{"HTTP/1.0 302 Found\r\n", 20}, 302},
      {"no head at all", trace::response_bytes{"hello", 5}, 200},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    kept k;
    CHECK(k.recording.status == 0);
    trace::add(k.recording, r.what, k.now);
    trace::add(k.recording, trace::response_bytes{"HTTP/1.1 500 Not a head", 20}, k.now);
    CHECK(k.recording.status == r.status);
  }
}

TEST_CASE(
    "one exchange at a time is kept, and what an earlier one reports late is not added to it") {
  boost::asio::io_context loop{1};
  tests::quiet_context first(loop.get_executor()), second(loop.get_executor());
  first.number = 1;
  second.number = 2;
  trace::latest_exchange latest;
  auto const late = latest.begin(first, std::nullopt);
  auto const now = latest.begin(second, std::nullopt);
  late->record(trace::event(trace::stderr_line{"late"}));
  now->record(trace::event(trace::stderr_line{"now"}));
  CHECK(latest.kept().standard_error.head == std::vector<std::string>{"now"});
}

TEST_CASE("a recording keeps what is remarked, and knows whether the script failed late") {
  kept k;
  k.add(trace::remark{"script-location", "Location is empty"});
  CHECK_FALSE(k.recording.failed_late());
  k.add(trace::remark{"script-failed-late", "answered, then failed", true});
  CHECK(k.recording.failed_late());
  REQUIRE(k.recording.remarks.size() == 2);
  CHECK(k.recording.remarks[0].reason == "script-location");
  CHECK(k.recording.remarks[1].text == "answered, then failed");
  k.add(trace::script_found{"/second", std::nullopt, "/srv/second", ""});
  CHECK(k.recording.remarks.empty());
}

TEST_CASE("after a local redirect the second script is the one that is shown") {
  kept k;
  k.add(trace::script_found{"/first", std::nullopt, "/srv/first", ""});
  k.add(trace::variable{"A", "1", "server", "4.1.4", {}});
  k.add(trace::stdout_bytes{"Location: /second\n\n"});
  k.add(trace::script_found{"/second", "/info", "/srv/second", ""});
  CHECK(k.recording.script->script_name == "/second");
  CHECK(k.recording.script->path_info == "/info");
  CHECK(k.recording.variables.empty());
  CHECK(k.recording.standard_output.size == 0);
}

TEST_CASE("how an application was asked is kept, with what went over and what became of it") {
  kept k;
  std::vector<trace::fact> const facts = {{"workers", "2"}};
  k.add(trace::application_described{"WSGI", "flaskapp:app", facts});
  k.add(trace::queued{3ms});
  k.add(trace::application_asked{"WSGI", "flaskapp:app", true, 41});
  k.add(trace::record_passed{trace::record_passed::to_application, "request", 17});
  // The first worker had ended before it began.
  k.add(trace::queued{1ms});
  k.add(trace::application_asked{"WSGI", "flaskapp:app", true, 42});
  k.add(trace::record_passed{trace::record_passed::to_application, "request", 18});
  k.add(trace::record_passed{trace::record_passed::from_application, "FCGI_STDOUT", 5, 1});
  std::vector<std::string> const traceback = {"Traceback", "KeyError: 'x'"};
  k.add(trace::application_raised{"KeyError: 'x'", false, traceback});
  k.add(trace::worker_ended{9});

  auto const& r = k.recording;
  CHECK(r.application->name == "flaskapp:app");
  CHECK(r.application->facts.at(0).value == "2");
  CHECK(r.queued == 4ms);
  CHECK(r.asked->worker == 42);
  REQUIRE(r.asked->records.size() == 2);
  CHECK(r.asked->records[0].length == 18);
  CHECK(r.asked->records[0].request_id == std::nullopt);
  CHECK(r.asked->records[1].request_id == 1U);
  CHECK(r.times.asked == 60us);
  CHECK(r.exception->sentence == "KeyError: 'x'");
  CHECK(r.exception->traceback == traceback);
  CHECK(r.asked->worker_has_ended);
  CHECK(r.asked->worker_status == 9);
}

TEST_CASE("what an application answered by a local redirect does not stand for the next one") {
  kept k;
  k.add(trace::script_found{"/a", std::nullopt, "FastCGI application at unix:/a", ""});
  k.add(trace::application_described{"FastCGI", "unix:/a"});
  k.add(trace::application_asked{"FastCGI", "unix:/a", false});
  k.add(trace::queued{3ms});
  k.add(trace::script_found{"/s", std::nullopt, "/srv/s", ""});
  CHECK_FALSE(k.recording.application.has_value());
  CHECK_FALSE(k.recording.asked.has_value());
  CHECK_FALSE(k.recording.queued.has_value());
  CHECK_FALSE(k.recording.times.asked.has_value());
}
