#include "gatehouse/show/recording_json.hpp"

#include <doctest/doctest.h>

#include <boost/json/serialize.hpp>

#include "gatehouse/base/escape.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

// GET /cgi-bin/s/p?q as a script answered it.
trace::recording answered() {
  std::string const head = "GET /cgi-bin/s/p?q HTTP/1.1\r\nHost: h:1\r\nX-A:  b \r\n\r\n";
  trace::recording r;
  r.id = 7;
  r.client = "127.0.0.1:5";
  r.server = "127.0.0.1:8000";
  r.began = std::chrono::system_clock::time_point(1'790'000'000'045ms);
  r.request_head.add(head, head.size());
  r.request.emplace();
  r.request->method = "GET";
  r.request->target.raw = "/cgi-bin/s/p?q";
  r.request->target.path = "/cgi-bin/s/p";
  r.request->target.query = "q";
  r.route = trace::recorded_route{"/cgi-bin", "programs of", "/srv/cgi-bin", true};
  r.script = trace::recorded_script{"/cgi-bin/s", "/p", "/srv/cgi-bin/s", ""};
  r.variables.push_back({"QUERY_STRING", "q", "request-target query", "4.1.7", {{17, 18}}});
  r.program = trace::recorded_program{"/srv/cgi-bin/s", {"/srv/cgi-bin/s", "q"}, "/srv/cgi-bin"};
  r.pid = 42;
  r.end = trace::recorded_end{256, 1500us, 20us, 900};
  r.standard_output.add("A: b\n\nbody", 10);
  r.header_lines.push_back({0, 4, "passed on"});
  r.header_block_size = 6;
  r.remarks.push_back({"script-no-content-type", "its content has no Content-Type", false});
  r.standard_error.add("oh");
  r.framing = "chunked";
  r.response_head.add("HTTP/1.1 200 OK\r\n\r\n", 19);
  r.response_body.add("body", 4);
  r.status = 200;
  r.complete = r.done = true;
  r.times.connected = -10us;
  r.times.head_read = 20us;
  r.times.ended = 12345us;
  return r;
}

std::string serialized(boost::json::value const& value) {
  return boost::json::serialize(value);
}

}  // namespace

TEST_CASE("a summary is one line of a list") {
  CHECK(serialized(show::summary_json(answered())) ==
        R"({"id":7,"state":"done","began":"2026-09-21T14:13:20.045Z","method":"GET",)"
        R"("target":"/cgi-bin/s/p?q","status":200,"ms":1.2345E1,"script":true,"kind":"script",)"
        R"("outcome":"answered","verdict":"200 OK after 12 ms","pinned":false,"tour":false,)"
        R"("failed_late":false,"client":"127.0.0.1:5","sent":4})");
  auto failed = answered();
  failed.remarks.push_back({"script-failed-late", "answered, then failed", true});
  CHECK(show::summary_json(failed).at("failed_late") == true);
}

TEST_CASE("an exchange in JSON holds what was recorded") {
  auto const all = show::exchange_json(answered());
  struct row {
    char const* member;
    char const* expected;
  };
  row const rows[] = {
      {"id", "7"},
      {"server", R"("127.0.0.1:8000")"},
      {"route", R"({"prefix":"/cgi-bin","serves":"programs of","target":"/srv/cgi-bin",)"
                R"("why":"the longest prefix of the path that is mapped"})"},
      {"script",
       R"({"script_name":"/cgi-bin/s","path_info":"/p","file":"/srv/cgi-bin/s","interpreter":""})"},
      {"variables",
       R"([{"name":"QUERY_STRING","value":"q","from":"request-target query","clause":"4.1.7",)"
       R"("spans":[[17,18]]}])"},
      {"program", R"({"path":"/srv/cgi-bin/s","arguments":["/srv/cgi-bin/s","q"],)"
                  R"("directory":"/srv/cgi-bin","start":""})"},
      {"application", "null"},
      {"queued_ms", "null"},
      {"asked", "null"},
      {"exception", "null"},
      {"process",
       R"({"pid":42,"ended":true,"text":"exited with status 1","ok":false,"stopped":false,"user_ms":1.5E0,)"
       R"("system_ms":2E-2,"max_rss_kib":900,"max_rss_is_bound":false,"start":null})"},
      {"stdin", R"({"base64":"","size":0,"cut":false})"},
      {"stdout", R"({"base64":"QTogYgoKYm9keQ==","size":10,"cut":false})"},
      {"stdout_head", "6"},
      {"header_lines", R"([{"start":0,"end":4,"text":"A: b","meaning":"passed on"}])"},
      {"remarks", R"([{"reason":"script-no-content-type",)"
                  R"("text":"its content has no Content-Type","failed":false}])"},
      {"stderr", R"({"head":["oh"],"tail":[],"lines":1})"},
      {"response",
       R"({"status":200,"head":{"base64":"SFRUUC8xLjEgMjAwIE9LDQoNCg==","size":19,"cut":false},)"
       R"("body":{"base64":"Ym9keQ==","size":4,"cut":false},"framing":"chunked","complete":true})"},
      {"redirected_by", "[]"},
      {"error", "null"},
      {"why", "null"},
      {"times",
       R"({"accepted":-10,"head_read":20,"asked":null,"process_started":null,"first_output":null,)"
       R"("output_ended":null,"response_began":null,"client_left":null,"ended":12345})"},
      {"curl", R"("curl -i 'http://127.0.0.1:8000/cgi-bin/s/p?q'")"},
      {"shell", R"("cd /srv/cgi-bin && env -i QUERY_STRING=q /srv/cgi-bin/s q </dev/null")"},
  };
  for (row const& r : rows) {
    CAPTURE(r.member);
    CHECK(serialized(all.at(r.member)) == r.expected);
  }
}

TEST_CASE("of a request's body it is told what was declared, what came, and what the script got") {
  struct row {
    char const* label;
    std::optional<std::uint64_t> declared;
    std::string given;
    std::uint64_t received;
    bool done;
    char const* expected;  // behind the bytes
  };
  row const rows[] = {
      {"none",
       {},
       "",
       0,
       true,
       R"("declared":null,"chunked":false,"received":0,"to_script":0,"complete":true})"},
      {"all of it", 5, "hello", 5, true,
       R"("declared":5,"chunked":false,"received":5,"to_script":5,"complete":true})"},
      {"a part", 9, "hello", 7, true,
       R"("declared":9,"chunked":false,"received":7,"to_script":5,"complete":false})"},
      {"a part so far", 9, "hello", 0, false,
       R"("declared":9,"chunked":false,"received":null,"to_script":5,"complete":false})"}};
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto of = answered();
    of.request->content_length = r.declared;
    of.standard_input.add(r.given, r.given.size());
    of.request_body_read = r.received;
    of.done = r.done;
    auto const all = show::exchange_json(of);
    CHECK(serialized(all.at("request").at("body")).ends_with(r.expected));
    CHECK((all.at("curl") == "") != all.at("request").at("body").at("complete").as_bool());
  }
}

TEST_CASE("the scripts that sent the request on by a local redirect have their own stderr") {
  auto of = answered();
  trace::redirecting_script first;
  first.script = {"/cgi-bin/first", {}, "/srv/first", ""};
  first.header_block = "Location: /cgi-bin/s\n\n";
  first.pid = 41;
  first.end = trace::recorded_end{};
  first.standard_error.add("sends on");
  of.redirected_by.push_back(first);
  CHECK(serialized(show::exchange_json(of).at("redirected_by")) ==
        R"([{"script_name":"/cgi-bin/first","file":"/srv/first","location":"/cgi-bin/s","pid":41,)"
        R"("end":"exited with status 0","stderr":{"head":["sends on"],"tail":[],"lines":1}}])");
}

TEST_CASE("the fields of a request are found in its head") {
  auto const of = answered();
  auto const all = show::exchange_json(of);
  auto const& request = all.at("request").as_object();
  CHECK(request.at("path") == "/cgi-bin/s/p");
  CHECK(request.at("query") == "q");
  CHECK(request.at("version") == "HTTP/1.1");
  auto const& fields = request.at("fields").as_array();
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].at("name") == "Host");
  CHECK(fields[1].at("value") == "b");
  auto const start = fields[1].at("start").to_number<std::size_t>();
  auto const end = fields[1].at("end").to_number<std::size_t>();
  CHECK(of.request_head.bytes.substr(start, end - start) == "X-A:  b ");
}

TEST_CASE("what did not happen is null, empty or none") {
  trace::recording of;
  of.error = http::http_error{.status = 400, .reason = "bad-target", .detail = "d"};
  of.error->help.explanation = "e";
  auto const all = show::exchange_json(of);
  for (char const* const member : {"route", "script", "program", "process", "ms"}) {
    CAPTURE(member);
    CHECK(all.at(member).is_null());
  }
  CHECK(all.at("state") == "open");
  CHECK(all.at("method") == "");
  CHECK(all.at("kind") == "error");
  CHECK(all.at("curl") == "");
  CHECK(all.at("shell") == "");
  CHECK(all.at("response").at("framing") == "none");
  CHECK(serialized(all.at("error")) ==
        R"({"status":400,"reason":"bad-target","detail":"d","explanation":"e","command":""})");
}

TEST_CASE("every kind of exchange has its name") {
  trace::recording file;
  file.route = trace::recorded_route{"", "files of", "/srv/www"};
  CHECK(show::summary_json(file).at("kind") == "file");
  CHECK(show::exchange_json(file).at("route").at("prefix") == "/");
  CHECK(show::summary_json(trace::recording()).at("kind") == "other");
}

TEST_CASE("a program that writes its own head has no framing but the end of the connection") {
  trace::recording raw;
  raw.response_body.add("HTTP/1.1 200 OK", 15);
  CHECK(show::exchange_json(raw).at("response").at("framing") == "until close");
}

TEST_CASE("bytes are in base64, and say what was left out") {
  struct row {
    std::string bytes;
    char const* expected;
  };
  row const rows[] = {{"", ""},
                      {"f", "Zg=="},
                      {"fo", "Zm8="},
                      {"foo", "Zm9v"},
                      {"foobar", "Zm9vYmFy"},
                      {"\xFF\xFE", "//4="},
                      {std::string(1, '\0'), "AA=="}};
  for (row const& r : rows) {
    auto const kept = show::bytes_json(r.bytes, r.bytes.size() + 1);
    CHECK(kept.at("base64") == r.expected);
    CHECK(kept.at("cut") == true);
  }
  CHECK(show::bytes_json("abc", 3).at("cut") == false);
}

TEST_CASE("strings are valid UTF-8 whatever was sent") {
  auto of = answered();
  of.variables[0].value = "a\xFF";
  of.standard_error = {};
  of.standard_error.add("\xC3");
  of.script->script_name = "\x80";
  of.request->target.raw = "/\xFE";
  auto const all = serialized(show::exchange_json(of));
  CHECK(base::valid_utf8(all) == all);
  CHECK(all.find("a\xEF\xBF\xBD") != std::string::npos);
  CHECK(all.find(R"($(printf 'a\\377'))") != std::string::npos);
}

TEST_CASE("an exchange with an application in memory has how it was asked, and what it raised") {
  auto of = answered();
  of.program.reset();
  of.pid.reset();
  of.application = trace::recorded_application{"WSGI", "flaskapp:app", {{"workers", "2"}}};
  of.queued = 1500us;
  of.asked = trace::recorded_question{"WSGI", "flaskapp:app", true, 42};
  of.asked->records = {{true, "request", 17}, {false, "FCGI_STDOUT", 5, 1}};
  of.asked->passed = 3;
  of.asked->worker_has_ended = true;
  of.asked->worker_status = 9;
  of.exception = trace::recorded_exception{"KeyError: 'x'", false, {"Traceback", "KeyError: 'x'"}};
  of.times.asked = 30us;
  auto const all = show::exchange_json(of);
  struct row {
    char const* member;
    char const* expected;
  };
  row const rows[] = {
      {"application", R"({"protocol":"WSGI","name":"flaskapp:app",)"
                      R"("facts":[{"name":"workers","value":"2"}]})"},
      {"queued_ms", "1.5E0"},
      {"asked",
       R"({"protocol":"WSGI","address":"flaskapp:app","kept":true,"worker":42,"worker_ended":true,)"
       R"|("worker_end":"was killed by signal 9 (killed)",)|"
       R"("records":[{"sent":true,"type":"request","length":17,"request_id":null},)"
       R"({"sent":false,"type":"FCGI_STDOUT","length":5,"request_id":1}],"passed":3})"},
      {"exception", R"({"sentence":"KeyError: 'x'","misuse":false,)"
                    R"("traceback":["Traceback","KeyError: 'x'"]})"},
      {"process", "null"},
  };
  for (row const& r : rows) {
    CAPTURE(r.member);
    CHECK(serialized(all.at(r.member)) == r.expected);
  }
  CHECK(all.at("times").at("asked") == 30);
}

TEST_CASE("a script that may start warm says how it did") {
  auto of = answered();
  of.warm = trace::recorded_warm_start{1200us, 31ms, ""};
  CHECK(serialized(show::exchange_json(of).at("process").at("start")) ==
        R"({"warm_ms":1.2E0,"cold_output_ms":3.1E1,"why_cold":""})");
  of.warm = trace::recorded_warm_start{{}, {}, "its template is being started"};
  CHECK(serialized(show::exchange_json(of).at("process").at("start")) ==
        R"({"warm_ms":null,"cold_output_ms":null,"why_cold":"its template is being started"})");
}
