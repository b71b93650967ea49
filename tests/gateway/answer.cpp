#include "gatehouse/gateway/answer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "../quiet_context.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/trace/recorder.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace std::string_literals;

namespace {

// A piece of output, or one of these.
std::string const a_pause = "(nothing yet)";
std::string const fault = "(the read fails)";

using output = std::deque<std::string>;

// A program that prints these pieces and ends so.
class played final : public responder {
 public:
  played(output pieces, program_end end) : pieces_(std::move(pieces)), end_(std::move(end)) {}

  base::task<base::result<std::size_t>> read_output(boost::asio::mutable_buffer buffer) override {
    while (!pieces_.empty() && pieces_.front() == a_pause) pieces_.pop_front();
    auto const got = next(buffer);
    co_return got;
  }
  base::task<base::result<std::optional<std::size_t>>> read_output_within(
      boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration) override {
    if (!pieces_.empty() && pieces_.front() == a_pause) co_return std::optional<std::size_t>();
    auto const got = next(buffer);
    if (got.has_error()) co_return got.error();
    co_return std::optional<std::size_t>(*got);
  }
  std::optional<std::size_t> read_output_at_once(boost::asio::mutable_buffer buffer) override {
    if (!pieces_.empty() && (pieces_.front() == a_pause || pieces_.front() == fault))
      return std::nullopt;
    return *next(buffer);
  }
  base::task<void> finish() override { co_return; }
  program_end end_now() override { return pieces_.empty() ? end_ : program_end{}; }
  base::task<program_end> end() override { co_return end_now(); }
  std::string log_name() const override { return "/x[1]"; }
  http::http_error failure(base::error_code const&) const override {
    return script_timeout(std::chrono::seconds(3), true);
  }
  base::task<http::diagnosis> diagnosis() override {
    co_return http::diagnosis{.explanation = end_.text};
  }

 private:
  base::result<std::size_t> next(boost::asio::mutable_buffer buffer) {
    if (pieces_.empty()) return std::size_t{0};
    if (pieces_.front() == fault) return base::errc::timed_out;
    auto& piece = pieces_.front();
    auto const size = std::min(piece.size(), buffer.size());
    std::memcpy(buffer.data(), piece.data(), size);
    piece.erase(0, size);
    if (piece.empty()) pieces_.pop_front();
    return size;
  }

  output pieces_;
  program_end end_;
};

struct remarks_kept final : trace::sink {
  void record(trace::event const& what) override {
    if (auto const* const r = std::get_if<trace::remark>(&what))
      all +=
          std::string(r->reason) + (r->failed ? " failed: " : ": ") + std::string(r->text) + "\n";
  }
  std::string all;
};

struct told {
  unsigned status = 0;
  std::string reason;  // of an error; or of the exchange's record
  std::string location;
  std::string content;
  bool whole = false;
  bool had_content = false;  // when the head was given
  std::string remarks;
  http::http_error error;
};

// The answer, read to its end as the connection would.
base::task<void> ask(told& out, std::unique_ptr<responder> program, std::string method,
                     http::exchange_context& context, bool raw) {
  http::request request;
  request.method = std::move(method);
  http::outcome answer;
  if (raw) {
    answer = co_await read_raw_answer(std::move(program), context);
  } else {
    answer = co_await read_answer(std::move(program), request, context);
  }
  if (auto const* const error = std::get_if<http::http_error>(&answer)) {
    out.status = error->status;
    out.reason = error->reason;
    out.error = *error;
    co_return;
  }
  if (auto const* const redirect = std::get_if<http::local_redirect>(&answer)) {
    out.location = redirect->target;
    co_return;
  }
  auto& response = std::get<http::response>(answer);
  out.status = response.status;
  out.location = response.fields.find("Location").value_or("");
  auto& source = *std::get<http::stream>(response.body).source;
  out.had_content = source.available() > 0;
  std::string buffer(7, '\0');
  while (true) {
    if (source.available() == 0 && source.has_ended()) {
      out.whole = true;
      break;
    }
    auto const got = co_await source.read_some(boost::asio::buffer(buffer));
    out.whole = got.has_value() && *got == 0;
    if (got.has_error() || *got == 0) break;
    out.content.append(buffer, 0, *got);
  }
  co_await source.finish();
  out.reason = context.record.reason;
}

told answered(output pieces, program_end end = {ending::well, "", "", false},
              std::string method = "GET", bool raw = false) {
  boost::asio::io_context loop{1};
  tests::quiet_context context{loop.get_executor()};
  remarks_kept kept;
  context.trace_sink = std::shared_ptr<trace::sink>(std::shared_ptr<void>(), &kept);
  told out;
  boost::asio::co_spawn(loop,
                        ask(out, std::make_unique<played>(std::move(pieces), std::move(end)),
                            std::move(method), context, raw),
                        [](std::exception_ptr const& failed) {
                          if (failed) std::rethrow_exception(failed);
                        });
  loop.run();
  out.remarks = kept.all;
  return out;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string const head = "Content-Type: text/plain\n\n";
std::string const chunks = "Content-Type: text/plain\nTransfer-Encoding: chunked\n\n";
program_end const crash{ending::broken, "was killed by signal 11", "", false};
program_end const failure{ending::failed, "exited with status 3", "", true};
program_end const quiet_failure{ending::failed, "exited with status 3", "", false};

}  // namespace

TEST_CASE("a document is given as it was printed, however it comes") {
  output const all[] = {
      output{head + "one two three"},
      output{head, "one two three"},
      output{head, a_pause, "one two three"},
      output{"Content-", "Type: text/plain\n", "\none", " two three"},
      output{"Content-Length: 13\n" + head + "one two three"},
      output{"Content-Length: 13\n" + head, a_pause, "one two ", a_pause, "three"},
      output{chunks + "d\r\none two three\r\n0\r\n\r\n"},
      output{chunks, "4\r\none \r\n9", a_pause, "\r\ntwo three\r\n0\r\n", a_pause, "\r\n"}};
  for (auto const& pieces : all) {
    auto const got = answered(pieces);
    CHECK(got.status == 200);
    CHECK(got.content == "one two three");
    CHECK(got.whole);
    CHECK(got.reason.empty());
  }
}

TEST_CASE("the head is held until the first content, the end, or the time is over") {
  CHECK(answered({head, "content"}).had_content);
  CHECK_FALSE(answered({head, a_pause, "content"}).had_content);
  CHECK_FALSE(answered({head}).had_content);
  CHECK(answered({chunks, "4\r\n", "body\r\n0\r\n\r\n"}).had_content);
}

TEST_CASE("a program that fails before any content is answered for with 502 and the reason") {
  struct row {
    std::string_view label;
    std::string printed;
    program_end end;
    unsigned status;
    std::string method = "GET";
  };
  row const rows[] = {
      {"a signal", head, crash, 502},
      {"a status and words on standard error", head, failure, 502},
      {"a status alone", head, quiet_failure, 200},
      {"with a length", "Content-Length: 5\n" + head, failure, 502},
      {"in chunks", chunks, failure, 502},
      {"201", "Status: 201\n\n", crash, 502},
      {"HEAD", head, crash, 200, "HEAD"},
      {"204", "Status: 204\n\n", crash, 204},
      {"205", "Status: 205\n\n", crash, 205},
      {"302", "Location: http://h/\n\n", crash, 302},
      {"304", "Status: 304\n\n", crash, 304},
      {"404", "Status: 404\n\n", crash, 404},
      {"it was stopped", head, {ending::stopped, "was killed by signal 15", "", true}, 200},
      {"it goes on", head, {}, 200},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const got = answered({r.printed}, r.end, r.method);
    CHECK(got.status == r.status);
    if (r.status != 502) continue;
    CHECK(got.reason == "script-failed");
    CHECK(has(got.error.detail, r.end.text));
    CHECK(has(got.error.help.explanation, r.end.text));
    CHECK(got.error.help.output_excerpt == r.printed);
  }
}

TEST_CASE("after content, what the program did not bring to its end is cut short and told") {
  struct row {
    std::string_view label;
    output pieces;
    program_end end;
    std::string_view content;
    bool whole;
    std::string_view told;
  };
  std::string const counted = "Content-Length: 6\n" + head;
  row const rows[] = {
      {"a signal",
       {head + "body"},
       crash,
       "body",
       false,
       "script-failed-late failed: answered, then failed: it was killed by signal 11; the answer "
       "is "
       "cut short\n"},
      {"a status",
       {head + "body"},
       failure,
       "body",
       true,
       "script-failed-late failed: answered, then failed: it exited with status 3\n"},
      {"a signal behind a whole length",
       {counted + "bodies"},
       crash,
       "bodies",
       true,
       "script-failed-late failed: answered, then failed: it was killed by signal 11\n"},
      {"a signal behind the last chunk",
       {chunks + "4\r\nbody\r\n0\r\n\r\n"},
       crash,
       "body",
       true,
       "script-failed-late failed: answered, then failed: it was killed by signal 11\n"},
      {"less than its length",
       {counted + "body"},
       {ending::well, "", "", false},
       "body",
       false,
       "content-under-length failed: answered, then failed: it promised 6, printed 4; the answer "
       "is "
       "cut short\n"},
      {"less, and a signal",
       {counted + "body"},
       crash,
       "body",
       false,
       "content-under-length failed: answered, then failed: it promised 6, printed 4; it was "
       "killed "
       "by signal 11; the answer is cut short\n"},
      {"more than its length",
       {counted + "bodies and more"},
       {ending::well, "", "", false},
       "bodies",
       true,
       "content-over-length: promised 6, printed 15; the rest is cut\n"},
      {"a read that fails",
       {head + "body", fault},
       {},
       "body",
       false,
       "script-timeout failed: answered, then failed: it was stopped: no output for 3 s; the "
       "answer "
       "is cut short\n"},
      {"it goes on", {head + "body"}, {}, "body", true, ""},
      {"a remark on why",
       {head + "body"},
       {ending::failed, "exited with status 1", "It is a set-user-ID program.", false},
       "body",
       true,
       "script-failed-late failed: answered, then failed: it exited with status 1. It is a "
       "set-user-ID program.\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const got = answered(r.pieces, r.end);
    CHECK(got.status == 200);
    CHECK(got.content == r.content);
    CHECK(got.whole == r.whole);
    CHECK(got.remarks.ends_with(r.told));
    CHECK(got.remarks.empty() == r.told.empty());
    CHECK(got.reason.empty() == r.whole);
  }
}

TEST_CASE("chunks that break off are an output that ends early, and none at all are 502") {
  std::string const over = "script-transfer-encoding: Transfer-Encoding is the server's to set";
  for (auto const& pieces :
       std::vector<std::deque<std::string>>{{chunks + "4\r\nbody\r\n"},
                                            {chunks + "4\r\nbody\r\nno chunk\r\n"},
                                            {chunks, "8\r\nbody"}}) {
    auto const got = answered(pieces);
    CHECK(got.status == 200);
    CHECK(got.content == "body");
    CHECK_FALSE(got.whole);
    CHECK(has(got.remarks, over));
    CHECK(has(got.remarks, "; the answer is cut short"));
  }
  auto const none = answered({chunks + "body"});
  CHECK(none.status == 502);
  CHECK(none.reason == "script-bad-chunks");
  auto const more = answered({chunks + "4\r\nbody\r\n0\r\n\r\nand more", a_pause, "still more"});
  CHECK(more.content == "body");
  CHECK(more.whole);
}

TEST_CASE("an answer whose content nobody is sent is read to its end and never cut") {
  for (std::string const& printed :
       {"Content-Length: 50\n" + head, "Status: 204\n\nbody"s, "Status: 304\n\nbody"s}) {
    auto const got = answered({printed}, crash, printed.starts_with("Status") ? "GET" : "HEAD");
    CHECK(got.whole);
    CHECK(got.reason.empty());
  }
}

TEST_CASE("an answer that is a head alone is not called cut") {
  auto const got = answered({head, fault}, {}, "HEAD");
  CHECK(has(got.remarks, "it was stopped: no output for 3 s"));
  CHECK_FALSE(has(got.remarks, "cut short"));
}

TEST_CASE("deviations are told, and content without a type is one") {
  CHECK(answered({head + "body"}).remarks.empty());
  CHECK(has(answered({"X-A: b\n\nbody"}).remarks, "script-no-content-type: "));
  CHECK(answered({"X-A: b\n\n"}).remarks.empty());
  CHECK(has(answered({"\nContent-Type: a/b\n\n"}).remarks, "script-early-blank-line: "));
  auto const beside = answered({"Location: /a\nSet-Cookie: b=c\n\n"});
  CHECK(beside.status == 302);
  CHECK(beside.location == "/a");
  CHECK(has(beside.remarks, "script-location: "));
  CHECK(answered({"Location: /a?b\n\n", "dropped"}).location == "/a?b");
}

TEST_CASE("content behind an empty line and no header is given as it is") {
  output const all[] = {output{"\nhello"}, output{"\n", "hello"}, output{"\nhel", a_pause, "lo"},
                        output{"\nhello\n"}};
  for (auto const& pieces : all) {
    auto const got = answered(pieces);
    CHECK(got.status == 200);
    CHECK(got.content.substr(0, 5) == "hello");
  }
  CHECK(answered({"\n"}).content.empty());
}

TEST_CASE("of malformed output the error marks the line, and late headers are told") {
  auto const bad = answered({"X: y\nno header\n\n"});
  CHECK(bad.status == 502);
  CHECK(bad.error.help.marked_line == 2);
  CHECK(bad.error.help.output_excerpt == "X: y\nno header\n\n");
  auto const late = answered({"total 0\n", "Content-Type: text/plain\n\ndone\n"});
  CHECK(late.reason == "script-late-headers");
  CHECK(has(late.error.help.explanation, "line 2"));
  CHECK(answered({}).reason == "script-no-output");
  CHECK(answered({fault}).reason == "script-timeout");
  CHECK(answered({head, fault}).reason == "script-timeout");
}

TEST_CASE("a program that writes its own head is given as it is") {
  auto const got =
      answered({"HTTP/1.1 299 Odd\r\n\r\nbody"}, {ending::well, "", "", false}, "GET", true);
  CHECK(got.status == 299);
  CHECK(got.content == "HTTP/1.1 299 Odd\r\n\r\nbody");
  CHECK(got.whole);
  CHECK_FALSE(answered({"HTTP/1.1 200 OK\r\n\r\nbody"}, crash, "GET", true).whole);
  CHECK(answered({}, crash, "GET", true).reason == "script-no-output");
}
