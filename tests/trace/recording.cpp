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
  k.add(trace::process_started{42});
  k.add(trace::stdout_bytes{"Content-"});
  k.add(trace::stdout_bytes{"Type: t\n\n"});
  rusage used{};
  used.ru_utime = {1, 5};
  used.ru_maxrss = 77;
  k.add(trace::process_ended{256, used, true});
  k.context.record.status = 200;
  k.context.record.complete = true;
  k.add(trace::ended{k.context.record});

  auto const& r = k.recording;
  CHECK(r.variables.at(0).spans == std::vector<http::byte_span>{{7, 8}});
  CHECK(r.standard_output.bytes == "Content-Type: t\n\n");
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
  for (std::size_t i = 0; i < base::limits::traced_lines + 5; ++i)
    k.add(trace::stderr_line{"line"});
  CHECK(k.recording.standard_output.bytes.size() == base::limits::traced_bytes);
  CHECK(k.recording.standard_output.size == base::limits::traced_bytes + 2);
  CHECK(k.recording.standard_output.cut());
  CHECK(k.recording.response_body.bytes == "abc");
  CHECK(k.recording.response_body.size == 1000);
  CHECK(k.recording.standard_error.size() == base::limits::traced_lines);
  CHECK(k.recording.standard_error_lines == base::limits::traced_lines + 5);
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
