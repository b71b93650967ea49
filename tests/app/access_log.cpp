#include "gatehouse/app/access_log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <ctime>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::app;
using namespace std::chrono_literals;

namespace {

// 2023-11-14 22:13:20.045 UTC
constexpr auto moment = std::chrono::system_clock::time_point(1'700'000'000'045ms);

http::peer from(char const* address) {
  return {{boost::asio::ip::make_address(address), 40000}, {}};
}

http::request get(std::string_view target) {
  http::request request;
  request.method = "GET";
  request.target.raw = target;
  return request;
}

http::exchange_record answered(unsigned status, std::uint64_t bytes) {
  http::exchange_record record;
  record.received_at = moment;
  record.first_byte = record.started + 1234us;
  record.ended = record.started + 56789us;
  record.status = status;
  record.body_bytes_sent = bytes;
  record.complete = true;
  return record;
}

struct utc {
  utc() {
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
  }
};

class fake_context final : public http::exchange_context {
 public:
  explicit fake_context(boost::asio::io_context& io)
      : exchange_context(io.get_executor(), from("127.0.0.1")) {
    record = answered(200, 5);
  }
  std::unique_ptr<http::subscription> when_client_leaves(std::function<void()>) override {
    return nullptr;
  }
};

std::string content_of(std::filesystem::path const& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("the combined format is Apache's") {
  utc const zone;
  auto request = get("/a?b=%20");
  request.fields.add("Referer", "http://h/\"x\"");
  request.fields.add("User-Agent", "curl/8 \x1b[31m\\");
  CHECK(combined_line(&request, answered(200, 2326), from("::1")) ==
        R"(::1 - - [14/Nov/2023:22:13:20 +0000] "GET /a?b=%20 HTTP/1.1" 200 2326 )"
        R"("http://h/\"x\"" "curl/8 \x1b[31m\\")");

  request = get("/\n\"\x7f");
  request.method = "G\x1b";
  CHECK(combined_line(&request, answered(200, 1), from("::1")) ==
        R"(::1 - - [14/Nov/2023:22:13:20 +0000] "G\x1b /\x0a\"\x7f HTTP/1.1" 200 1 "-" "-")");

  request = get("/");
  request.minor_version = 0;
  CHECK(combined_line(&request, answered(304, 0), from("10.0.0.1")) ==
        R"(10.0.0.1 - - [14/Nov/2023:22:13:20 +0000] "GET / HTTP/1.0" 304 - "-" "-")");
  CHECK(combined_line(nullptr, answered(0, 0), from("10.0.0.1")) ==
        R"(10.0.0.1 - - [14/Nov/2023:22:13:20 +0000] "-" - - "-" "-")");
}

TEST_CASE("the JSON format is one object with what happened") {
  auto request = get("/cgi-bin/a?\"");
  request.fields.add("Host", "localhost");
  request.fields.add("User-Agent", "\xff\n");
  auto record = answered(200, 7);
  record.script_pid = 99;
  record.script_status = 3 << 8;
  CHECK(json_line(&request, record, from("127.0.0.1")) ==
        R"({"time":"2023-11-14T22:13:20.045Z","remote":"127.0.0.1","method":"GET",)"
        R"("target":"/cgi-bin/a?\"","protocol":"HTTP/1.1","status":200,"bytes":7,)"
        R"("user_agent":"�\n","host":"localhost","script":{"pid":99,"exit":3},)"
        R"("first_byte_ms":1.234,"total_ms":56.789,"complete":true})");

  record.queued = std::chrono::microseconds(4500);
  CHECK(json_line(&request, record, from("127.0.0.1")).find(R"("queued_ms":4.500,)") !=
        std::string::npos);

  record.started_warm = true;
  record.application = "flaskapp:app";
  CHECK(json_line(&request, record, from("127.0.0.1"))
            .find(R"("script":{"pid":99,"exit":3,"warm":true},"application":"flaskapp:app",)") !=
        std::string::npos);

  http::exchange_record cut;
  cut.received_at = moment;
  cut.reason = "client-gone";
  cut.script_pid = 99;
  cut.script_status = 15;
  CHECK(json_line(nullptr, cut, from("127.0.0.1")) ==
        R"({"time":"2023-11-14T22:13:20.045Z","remote":"127.0.0.1","bytes":0,)"
        R"("reason":"client-gone","script":{"pid":99,"signal":15},"complete":false})");
}

TEST_CASE("a JSON line is JSON whatever the client sends") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  auto request = get(all);
  request.method = all;
  request.fields.add("Host", all);
  auto const line = json_line(&request, answered(200, 0), from("127.0.0.1"));
  boost::system::error_code ec;
  auto const value = boost::json::parse(line, ec);
  CHECK_FALSE(ec);
  CHECK(value.is_object());
  CHECK(line.find_first_of("\n\x1b\x7f") == std::string::npos);
}

TEST_CASE("a JSON line gives back what the client sent, and no terminal obeys it") {
  auto request = get("/a");
  std::string const sent =
      "one \"two\" \\ \xC2\x9B"
      "31m \x7F caf\xC3\xA9";
  request.fields.add("User-Agent", sent);
  auto const line = json_line(&request, answered(200, 0), from("127.0.0.1"));
  CHECK(line.find("\xC2\x9B") == std::string::npos);
  CHECK(boost::json::parse(line).at("user_agent").as_string() == sent);
}

TEST_CASE("the terminal's line is short") {
  utc const zone;
  auto script = answered(500, 1'530'000);
  script.script_pid = 99;
  script.script_status = 11;
  script.reason = "script-failed";
  auto cut = answered(200, 999'600);
  cut.complete = false;
  cut.ended = cut.started + 12s;
  auto const request = get("/a\x1b[2J");
  CHECK(terminal_line(&request, answered(200, 17), from("127.0.0.1"), false) ==
        R"(22:13:20 GET /a\x1b[2J 200 17 B, 57 ms)");
  CHECK(terminal_line(&request, script, from("10.0.0.1"), false) ==
        R"(22:13:20 10.0.0.1 GET /a\x1b[2J 500 script-failed 1.5 MB, 57 ms, pid 99 signal 11)");
  CHECK(terminal_line(nullptr, cut, from("::1"), false) ==
        "22:13:20 (no request) 200 1.0 MB, 12.0 s, cut short");
  CHECK(terminal_line(&request, answered(404, 0), from("::1"), true) ==
        "\x1b[2m22:13:20\x1b[0m GET /a\\x1b[2J \x1b[33m404\x1b[0m \x1b[2m0 B, 57 ms\x1b[0m");
}

TEST_CASE("a log file is appended to, a line at a time") {
  tests::temporary_directory const directory;
  auto const file = directory.write("access.log", "before\n");
  boost::asio::io_context io;
  fake_context const context(io);
  auto const request = get("/");
  auto opened = access_log::open(file.native(), config::log_format::json);
  REQUIRE(opened.has_value());
  auto log = std::move(opened.value());
  log.write(&request, context);
  log.write(&request, context);
  auto const line = json_line(&request, context.record, context.client());
  CHECK(content_of(file) == "before\n" + line + "\n" + line + "\n");
  CHECK(log.lost() == 0);
}

TEST_CASE("what cannot be written is counted, and an unusable path is an error") {
  boost::asio::io_context io;
  fake_context const context(io);
  auto full = access_log::open("/dev/full", config::log_format::combined);
  REQUIRE(full.has_value());
  full->write(nullptr, context);
  full->write(nullptr, context);
  CHECK(full->lost() == 2);
  CHECK(access_log::open("/nonexistent/log", config::log_format::combined).has_error());
  auto off = access_log::open("off", config::log_format::combined);
  REQUIRE(off.has_value());
  off->write(nullptr, context);
  CHECK(off->lost() == 0);
}
