#include "gatehouse/remote/gateway.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <mutex>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/trace/recording.hpp"
#include "gatehouse/upstream/connection_search.hpp"
#include "gatehouse/upstream/kept_connections.hpp"
#include "peer.hpp"

using namespace gatehouse;
using namespace gatehouse::remote;
using namespace std::string_literals;
using tests::answer;
using tests::asked;
using tests::conversation;
using tests::peer;

namespace {

// An exchange whose client leaves when it is told to.
class open_context final : public http::exchange_context {
 public:
  explicit open_context(base::executor executor) : exchange_context(executor, {}) {}
  std::unique_ptr<http::subscription> when_client_leaves(std::function<void()> action) override {
    leave_ = std::move(action);
    return nullptr;
  }
  void leave() {
    if (leave_) leave_();
  }

 private:
  std::function<void()> leave_;
};

// A body that comes in pieces. before_piece: is told how much came before.
class pieces final : public http::body_source {
 public:
  pieces(std::string all, std::function<void(std::size_t)> before_piece)
      : all_(std::move(all)), before_piece_(std::move(before_piece)) {}
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override {
    if (before_piece_) before_piece_(at_);
    auto const size = std::min({buffer.size(), all_.size() - at_, std::size_t{10'000}});
    std::copy_n(all_.data() + at_, size, static_cast<char*>(buffer.data()));
    at_ += size;
    co_return size;
  }
  std::size_t available() const override { return all_.size() > 10'000 ? 0 : all_.size() - at_; }

 private:
  std::string all_;
  std::function<void(std::size_t)> before_piece_;
  std::size_t at_ = 0;
};

struct told {
  unsigned status = 0;
  std::string reason;
  std::string content;
  std::string location;
  bool whole = false;
  std::optional<int> wait_status;
  http::http_error error;
  trace::recording seen;
};

struct recorded final : trace::sink {
  recorded(http::exchange_context const& context, std::function<void()> when_asked)
      : all(trace::begin_recording(context, std::nullopt)), when_asked_(std::move(when_asked)) {}
  void record(trace::event const& what) override {
    if (when_asked_ && std::holds_alternative<trace::application_asked>(what)) when_asked_();
    trace::add(all, what, std::chrono::steady_clock::now());
  }
  trace::recording all;

 private:
  std::function<void()> when_asked_;
};

// A server's part: an event loop with its kept connections.
struct loop_of_its_own {
  loop_of_its_own() {
    base::log::set_level(base::log::level::off);
    upstream::kept_connections::of(loop.get_executor()).begin(loop.get_executor());
  }
  ~loop_of_its_own() { base::log::set_level(base::log::level::info); }
  std::size_t kept() { return upstream::kept_connections::of(loop.get_executor()).size(); }
  boost::asio::io_context loop{1};
};

struct question_of_client {
  std::string method = "GET";
  std::string target = "/app/x%20y?q=1";
  std::string body{};
  bool chunked = false;
  bool leaves = false;                              // when the head of the answer is there
  std::function<bool()> dawdles{};                  // takes nothing as long as this says so
  std::function<void()> when_asked{};               // a connection is there, and nothing was sent
  std::function<void(std::size_t)> before_piece{};  // of the body; how much came before
};

base::task<void> read_all(told& out, http::response& response, question_of_client const& what,
                          open_context& context) {
  auto& source = *std::get<http::stream>(response.body).source;
  std::string buffer(70'000, '\0');
  if (what.leaves) context.leave();
  base::timer pause(context.get_executor());
  while (what.dawdles && what.dawdles()) {
    pause.expires_after(std::chrono::milliseconds(2));
    co_await pause.async_wait(base::as_result);
  }
  while (true) {
    auto const got = co_await source.read_some(boost::asio::buffer(buffer));
    out.whole = got.has_value() && *got == 0;
    if (got.has_error() || *got == 0) break;
    out.content.append(buffer, 0, *got);
  }
  co_await source.finish();
}

base::task<void> ask(told& out, http::handler& handler, question_of_client const& what,
                     open_context& context) {
  http::request request;
  request.method = what.method;
  request.target = *http::parse_target(what.method, what.target);
  request.chunked = what.chunked;
  if (!what.chunked && !what.body.empty()) request.content_length = what.body.size();
  pieces body(what.body, what.before_piece);
  auto outcome = co_await handler.handle(request, body, context);
  if (auto const* const error = std::get_if<http::http_error>(&outcome)) {
    out.status = error->status;
    out.reason = error->reason;
    out.error = *error;
  } else if (auto const* const redirect = std::get_if<http::local_redirect>(&outcome)) {
    out.location = redirect->target;
  } else {
    auto& response = std::get<http::response>(outcome);
    out.status = response.status;
    co_await read_all(out, response, what, context);
    out.reason = context.record.reason;
  }
  out.wait_status = context.record.script_status;
}

remote::rules rules_of(std::chrono::milliseconds silence = std::chrono::seconds(20)) {
  remote::rules out;
  out.variables.document_root = "/srv";
  out.silence = silence;
  out.spool_space = std::make_shared<base::budget>(1U << 30U);
  out.asks = true;
  return out;
}

std::shared_ptr<gateway::application> at(std::string const& addresses, remote::rules const& rules,
                                         protocol how = protocol::fastcgi) {
  return std::make_shared<remote_application>(how, *upstream::parse_addresses(addresses), rules);
}

told ask(loop_of_its_own& here, std::shared_ptr<gateway::application> const& whom,
         question_of_client const& what = {}) {
  mapped_application handler("/app", whom);
  open_context context(here.loop.get_executor());
  recorded seen(context, what.when_asked);
  context.trace_sink = std::shared_ptr<trace::sink>(std::shared_ptr<void>(), &seen);
  told out;
  bool over = false;
  boost::asio::co_spawn(here.loop, ask(out, handler, what, context),
                        [&](std::exception_ptr const& failed) {
                          over = true;
                          if (failed) std::rethrow_exception(failed);
                        });
  here.loop.restart();
  while (!over) here.loop.run_one();
  out.seen = std::move(seen.all);
  return out;
}

// Asks an application of this behaviour once.
told ask(peer::play const& how, question_of_client const& what = {},
         std::chrono::milliseconds silence = std::chrono::seconds(20)) {
  peer application(how);
  auto const rules = rules_of(silence);
  loop_of_its_own here;
  return ask(here, at(application.address(), rules), what);
}

// Reads a request and writes this.
peer::play answering(std::string bytes, std::size_t piece = static_cast<std::size_t>(-1)) {
  return [=](conversation& with, int) {
    while (with.read_request().whole) with.write(bytes, piece);
  };
}

std::string why(told const& t) {
  return std::to_string(t.status) + " " + t.reason;
}

}  // namespace

TEST_CASE("FastCGI: a request goes over as BEGIN_REQUEST, PARAMS and STDIN, and its answer back") {
  asked got;
  auto const t = ask([&](conversation& with, int) {
    got = with.read_request();
    with.write(answer("hello"));
  });
  CHECK(t.status == 200);
  CHECK(t.content == "hello");
  CHECK(t.whole);
  CHECK(got.records ==
        std::vector<std::string>{"FCGI_BEGIN_REQUEST", "FCGI_PARAMS", "FCGI_PARAMS", "FCGI_STDIN"});
  CHECK(got.params["SCRIPT_NAME"] == "/app");
  CHECK(got.params["PATH_INFO"] == "/x y");
  CHECK(got.params["QUERY_STRING"] == "q=1");
  CHECK(got.params["REQUEST_METHOD"] == "GET");
  CHECK(got.params.count("SCRIPT_FILENAME") == 0);
  CHECK(got.params.count("PATH") == 0);
  CHECK(t.wait_status == 0);
}

TEST_CASE("PATH_INFO is always present") {
  asked got;
  auto const listen = [&](conversation& with, int) {
    got = with.read_request();
    with.write(answer(""));
  };
  CHECK(ask(listen, {.target = "/app"}).status == 200);
  CHECK(got.params.count("PATH_INFO") == 1);
  CHECK(got.params["PATH_INFO"].empty());
}

TEST_CASE("an answer is the same in whatever cuts its records come") {
  std::string const records = tests::out("Content-") + tests::err("a line\n") +
                              tests::out("Type: text/plain\n\none ") + tests::out("two ") +
                              tests::out("three") + tests::out("") + tests::end();
  for (std::size_t const piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    auto const t = ask(answering(records, piece));
    CHECK(t.status == 200);
    CHECK(t.content == "one two three");
    CHECK(t.whole);
    CHECK(t.seen.standard_error.head == std::vector<std::string>{"a line"});
  }
}

TEST_CASE("a large answer comes whole") {
  std::string all;
  std::string records = tests::out("Content-Type: text/plain\n\n");
  for (int i = 0; i < 100; ++i) {
    std::string const piece(static_cast<std::size_t>(1 + i * 601), static_cast<char>('a' + i % 26));
    all += piece;
    records += tests::out(piece);
  }
  auto const t = ask(answering(records + tests::end()));
  CHECK(t.whole);
  CHECK(t.content == all);
}

TEST_CASE("a request's body goes over as STDIN, with its exact length") {
  std::string large;
  for (int i = 0; i < 200'000; ++i) large += static_cast<char>('a' + i % 23);
  for (auto const& body : {"small"s, large}) {
    for (bool const chunked : {false, true}) {
      asked got;
      auto const t = ask(
          [&](conversation& with, int) {
            got = with.read_request();
            with.write(answer("ok"));
          },
          {.method = "POST", .body = body, .chunked = chunked});
      CHECK(t.content == "ok");
      CHECK(got.body == body);
      CHECK(got.params["CONTENT_LENGTH"] == std::to_string(body.size()));
      CHECK(t.seen.standard_input.size >= body.size());
    }
  }
}

namespace {

// An application that answers without reading, or reading only so much, and closes the connection:
// when it has done so relative to the request is settled.
struct unread_request {
  std::string name;
  std::size_t read;  // bytes
  bool before_all;   // before anything of the request is sent, or amid its body
};

// More of a body than is read before an application is asked, in whole pieces.
constexpr std::size_t sent_before = 200'000;

told answer_unread(unread_request const& how, peer::transport over, protocol which,
                   std::string const& bytes) {
  peer application(
      [&](conversation& with, int) {
        with.read(how.read);
        with.write(bytes);
      },
      64, over);
  auto const rules = rules_of();
  loop_of_its_own here;
  question_of_client what{.method = "POST", .body = std::string(5'000'000, 'x')};
  if (how.before_all) what.when_asked = [&] { application.wait_until_closed(1); };
  what.before_piece = [&](std::size_t at) {
    if (at == sent_before) application.wait_until_closed(1);
  };
  auto const t = ask(here, at(application.address(), rules, which), what);
  CHECK(here.kept() == 0);
  CHECK(application.connections() == 1);
  return t;
}

unread_request const unread_requests[] = {{"closed before it was asked", 0, true},
                                          {"closed within the head", 8, false},
                                          {"closed within the body", 5'000, false}};

}  // namespace

TEST_CASE("an answer that comes before the body was read is given") {
  for (auto const over : {peer::transport::unix_socket, peer::transport::tcp}) {
    for (auto const& how : unread_requests) {
      CAPTURE(how.name);
      CAPTURE(static_cast<int>(over));
      auto const fastcgi = answer_unread(how, over, protocol::fastcgi, answer("no, thanks"));
      CHECK(why(fastcgi) == "200 ");
      CHECK(fastcgi.content == "no, thanks");
      CHECK(fastcgi.whole);
      auto const scgi =
          answer_unread(how, over, protocol::scgi,
                        "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\nno, thanks");
      CHECK(scgi.status == 200);
      CHECK(scgi.content == "no, thanks");
      CHECK(scgi.whole);
    }
  }
}

TEST_CASE("SCGI: an answer without a length is whole unless TCP may have lost its end") {
  using over = peer::transport;
  std::string const bytes = "Content-Type: text/plain\r\n\r\nno, thanks";
  for (auto const& how : unread_requests) {
    CAPTURE(how.name);
    auto const here = answer_unread(how, over::unix_socket, protocol::scgi, bytes);
    CHECK(here.content == "no, thanks");
    CHECK(here.whole);
    // A connection that was closed before anything was sent has ended in order.
    auto const there = answer_unread(how, over::tcp, protocol::scgi, bytes);
    CHECK(there.content == "no, thanks");
    CHECK(there.whole == how.before_all);
    CHECK(there.reason == (how.before_all ? "" : "script-failed-late"));
  }
}

TEST_CASE("a new connection that is closed without an answer is 502, and asked no second time") {
  for (auto const over : {peer::transport::unix_socket, peer::transport::tcp}) {
    for (auto const& how : unread_requests)
      CHECK(why(answer_unread(how, over, protocol::fastcgi, "")) == "502 application-closed");
  }
}

TEST_CASE("a connection is kept, and carries one request after the other") {
  peer application(answering(answer("x")));
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const whom = at(application.address(), rules);
  for (int i = 0; i < 5; ++i) CHECK(ask(here, whom).content == "x");
  CHECK(application.connections() == 1);
  CHECK(here.kept() == 1);
}

TEST_CASE("a request that is not to be sent again goes over a new connection, which is kept then") {
  peer application(answering(answer("x")));
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const whom = at(application.address(), rules);
  CHECK(ask(here, whom).content == "x");
  for (int i = 0; i < 3; ++i) {
    CHECK(ask(here, whom, {.method = "POST", .body = std::string(100'000, 'x')}).content == "x");
    CHECK(application.connections() == 2 + i);
    CHECK(here.kept() == 1);
  }
  CHECK(ask(here, whom).content == "x");
  CHECK(application.connections() == 4);
}

TEST_CASE("bytes behind an answer spoil its connection, and not the answer") {
  peer application(answering(answer("x") + tests::out("more")));
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const whom = at(application.address(), rules);
  CHECK(ask(here, whom).content == "x");
  CHECK(ask(here, whom).content == "x");
  CHECK(here.kept() == 0);
  CHECK(application.connections() == 2);
}

TEST_CASE("a connection that was closed while it was idle costs no request") {
  for (std::string const body : {"", "small"}) {
    peer application([](conversation& with, int) {
      if (with.read_request().whole) with.write(answer("x"));
    });
    auto const rules = rules_of();
    loop_of_its_own here;
    auto const whom = at(application.address(), rules);
    for (int i = 0; i < 5; ++i) {
      auto const t = ask(here, whom, {.method = "POST", .body = body});
      CHECK(t.status == 200);
      CHECK(t.content == "x");
      application.wait_until_closed(i + 1);
    }
    CHECK(application.connections() == 5);
  }
}

// php-fpm does so after pm.max_requests.
TEST_CASE("a connection that the application closes gently after an answer costs no request") {
  for (auto const over : {peer::transport::unix_socket, peer::transport::tcp}) {
    for (std::string const method : {"GET", "POST"}) {
      std::atomic<int> answers = 0;
      peer application(
          [&](conversation& with, int) {
            if (with.read_request().whole) with.write(answer("x"));
            with.end_writing();
            ++answers;
            with.read_to_end();
          },
          64, over);
      auto const rules = rules_of();
      loop_of_its_own here;
      auto const whom = at(application.address(), rules);
      for (int i = 1; i <= 3; ++i) {
        CHECK(ask(here, whom, {.method = method}).content == "x");
        while (answers < i) std::this_thread::yield();
      }
      CHECK(application.connections() == 3);
    }
  }
}

TEST_CASE("nor one that it closes gently while the next request is on its way") {
  for (std::string const method : {"GET", "POST"}) {
    peer application([](conversation& with, int) {
      if (with.read_request().whole) with.write(answer("x"));
      with.wait_for_bytes();
      with.end_writing();
      with.read_to_end();
    });
    auto const rules = rules_of();
    loop_of_its_own here;
    auto const whom = at(application.address(), rules);
    for (int i = 0; i < 3; ++i)
      CHECK(ask(here, whom, {.method = method, .body = "small"}).content == "x");
    CHECK(application.connections() == 3);
  }
}

TEST_CASE("nothing is sent twice that an application may have begun") {
  std::atomic<int> requests = 0;
  peer application([&](conversation& with, int) {
    if (with.read_request().whole) {
      ++requests;
      with.write(answer("x"));
    }
    if (with.read_request().whole) ++requests;
  });
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const whom = at(application.address(), rules);
  CHECK(ask(here, whom).status == 200);
  CHECK(why(ask(here, whom)) == "502 application-closed");
  CHECK(requests == 2);
  CHECK(application.connections() == 1);
}

TEST_CASE("a process that ends within a request on a kept connection costs none") {
  for (auto const over : {peer::transport::unix_socket, peer::transport::tcp}) {
    for (std::string const method : {"GET", "POST"}) {
      peer application(
          [&](conversation& with, int) {
            if (with.read_request().whole) with.write(answer("x"));
            with.read(8);  // And it crashes within the second request.
          },
          64, over);
      auto const rules = rules_of();
      loop_of_its_own here;
      auto const whom = at(application.address(), rules);
      CHECK(ask(here, whom, {.method = method}).content == "x");
      CHECK(ask(here, whom, {.method = method}).content == "x");
      CHECK(application.connections() == 2);
    }
  }
}

TEST_CASE("END_REQUEST: OVERLOADED is 503, UNKNOWN_ROLE 502, CANT_MPX_CONN a new connection") {
  auto const overloaded = ask(answering(tests::end(0, 2)));
  CHECK(why(overloaded) == "503 fastcgi-overloaded");
  CHECK(overloaded.error.fields.contains("Retry-After"));
  CHECK(why(ask(answering(tests::end(0, 3)))) == "502 fastcgi-unknown-role");
  CHECK(why(ask(answering(tests::end(0, 1)))) == "502 fastcgi-cant-mpx-conn");
  auto const again = ask([](conversation& with, int connection) {
    if (with.read_request().whole) with.write(connection == 0 ? tests::end(0, 1) : answer("x"));
  });
  CHECK(again.content == "x");
}

TEST_CASE("appStatus is kept like an exit status") {
  auto const t = ask(answering(tests::out("Content-Type: text/plain\n\nx") + tests::end(3)));
  CHECK(t.status == 200);
  CHECK(t.wait_status == 3 << 8);
  auto const failed = ask(answering(tests::out("Content-Type: text/plain\n\n") +
                                    tests::err("it broke\nhere") + tests::end(255)));
  CHECK(why(failed) == "502 script-failed");
  CHECK(failed.error.help.stderr_lines == std::vector<std::string>{"it broke", "here"});
}

TEST_CASE("records that FastCGI does not allow are 502, and never waited for") {
  for (auto const& bad :
       {tests::record(42, "x"), tests::record(6, "x", 2), tests::record(6, "x", 1, 3),
        tests::record(3, "1234567"), tests::record(10, ""), "HTTP/1.1 200 OK\r\n\r\n"s}) {
    auto const t = ask([&](conversation& with, int) {
      with.read_request();
      with.write(bad);
      with.read(1);
    });
    CHECK(why(t) == "502 fastcgi-bad-record");
    CHECK(t.error.help.explanation.find("FastCGI does not allow") != std::string::npos);
  }
}

TEST_CASE("an answer that ends early is 502 before its head is whole, and cut after it") {
  auto const early = [](std::string bytes) {
    return ask([=](conversation& with, int) {
      with.read_request();
      with.write(bytes);
    });
  };
  CHECK(why(early("")) == "502 application-closed");
  CHECK(why(early(tests::err("it crashed\n"))) == "502 application-closed");
  CHECK(early(tests::err("it crashed\n")).error.help.stderr_lines ==
        std::vector<std::string>{"it crashed"});
  CHECK(early(tests::out("Content-Ty")).status == 502);
  auto const cut = early(tests::out("Content-Type: text/plain\n\nhalf"));
  CHECK(cut.status == 200);
  CHECK(cut.content == "half");
  CHECK_FALSE(cut.whole);
  CHECK(cut.reason == "script-failed-late");
  auto const within = early(tests::out("Content-Type: text/plain\n\nhalf").substr(0, 30));
  CHECK_FALSE(within.whole);
}

TEST_CASE("nothing within --script-timeout is 504") {
  auto const silent = [](conversation& with, int) {
    with.read_request();
    with.read_request();
  };
  auto const t = ask(silent, {}, std::chrono::milliseconds(60));
  CHECK(why(t) == "504 application-timeout");
  auto const noisy = [](conversation& with, int) {
    with.read_request();
    with.write(tests::err("I am here\n"));
    with.read_request();
  };
  CHECK(why(ask(noisy, {}, std::chrono::milliseconds(60))) == "504 application-timeout");
}

TEST_CASE("no connection is 502, and 503 with Retry-After when it is the backlog") {
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const absent = ask(here, at("unix:/nowhere/peer", rules));
  CHECK(why(absent) == "502 application-unreachable");
  CHECK(absent.error.help.explanation.find("There is no such socket") != std::string::npos);

  peer const deaf(nullptr, 0);
  std::vector<base::unique_fd> waiting;
  while (true) {
    base::unique_fd one(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    auto const name = peer::address_of(deaf.path());
    if (::connect(one.get(), reinterpret_cast<sockaddr const*>(&name), sizeof name) != 0) break;
    waiting.push_back(std::move(one));
  }
  auto const full = ask(here, at(deaf.address(), rules));
  CHECK(why(full) == "503 application-backlog-full");
  CHECK(full.error.fields.contains("Retry-After"));
}

TEST_CASE("when the client leaves, the application is told") {
  std::promise<asked> heard;
  peer application([&](conversation& with, int) {
    with.read_request();
    with.write(tests::out("Content-Type: text/plain\n\nbegun"));
    heard.set_value(with.read_request());
  });
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const t = ask(here, at(application.address(), rules), {.leaves = true});
  CHECK_FALSE(t.whole);
  CHECK(heard.get_future().get().aborted);
  CHECK(here.kept() == 0);
}

TEST_CASE("a slow client holds no process: up to 256 KiB of an answer are taken ahead of it") {
  std::string const large(250'000, 'x');
  std::string records = tests::out("Content-Type: text/plain\n\n");
  for (std::size_t at = 0; at < large.size(); at += 50'000)
    records += tests::out(large.substr(at, 50'000));
  peer application(answering(records + tests::end()));
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const t =
      ask(here, at(application.address(), rules), {.dawdles = [&] { return here.kept() == 0; }});
  CHECK(t.whole);
  CHECK(t.content == large);
}

TEST_CASE("a slow client of an endless answer makes no memory grow") {
  std::atomic<std::size_t> written = 0;
  std::atomic<bool> enough = false;
  peer application([&](conversation& with, int) {
    with.read_request();
    with.write(tests::out("Content-Type: text/plain\n\n"));
    while (!enough && written < 50'000'000) {
      with.write(tests::out(std::string(50'000, 'x')));
      written += 50'000;
    }
  });
  auto const rules = rules_of();
  loop_of_its_own here;
  auto before = std::size_t{1};
  auto since = std::chrono::steady_clock::now();
  auto const stands_still = [&] {
    auto const now = std::chrono::steady_clock::now();
    if (written != before) since = now;
    before = written;
    return now - since > std::chrono::milliseconds(300);
  };
  ask(here, at(application.address(), rules), {.leaves = false, .dawdles = [&] {
                                                 bool const over = stands_still();
                                                 enough = over;
                                                 return !over;
                                               }});
  CHECK(written < 5'000'000);
}

TEST_CASE("a location within the server is followed, and one of another is given") {
  CHECK(ask(answering(tests::out("Location: /other\n\n") + tests::end())).location == "/other");
  CHECK(ask(answering(tests::out("Location: http://a/b\n\n") + tests::end())).status == 302);
}

TEST_CASE("of several addresses one that cannot be reached costs no request") {
  peer application(answering(answer("x")));
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const whom = at("unix:/nowhere/peer,unix:" + application.path(), rules);
  for (int i = 0; i < 6; ++i) CHECK(ask(here, whom).content == "x");
}

TEST_CASE("an address that does not take a connection costs its own short limit, and then rests") {
  peer const deaf(nullptr, 0, peer::transport::tcp);
  auto const where = upstream::resolve((*upstream::parse_addresses(deaf.address()))[0])->front();
  base::unique_fd const only(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(only.get(), where.get(), where.size) == 0);  // Its backlog takes one.

  auto rules = rules_of(std::chrono::hours(1));
  rules.connecting = std::chrono::milliseconds(50);
  loop_of_its_own here;
  auto const alone = ask(here, at(deaf.address(), rules));
  CHECK(why(alone) == "504 application-unreachable");
  CHECK(alone.error.help.explanation.find("Nothing there answers") != std::string::npos);

  peer application(answering(answer("x")));
  auto const whom = at(deaf.address() + "," + application.address(), rules);
  for (int i = 0; i < 6; ++i) CHECK(ask(here, whom).content == "x");
}

TEST_CASE("a request that waits closes an idle connection, so that its process is free") {
  peer application(answering(answer("x")));  // one connection at a time
  auto const rules = rules_of();
  auto const whom = at(application.address(), rules);
  loop_of_its_own here;
  CHECK(ask(here, whom).content == "x");
  CHECK(here.kept() == 1);
  auto guard = boost::asio::make_work_guard(here.loop);
  here.loop.restart();
  std::thread other_thread([&] { here.loop.run(); });
  {
    loop_of_its_own there;
    CHECK(ask(there, whom).content == "x");
  }
  guard.reset();
  here.loop.stop();
  other_thread.join();
  CHECK(here.kept() == 0);
  CHECK(application.connections() == 2);
}

TEST_CASE("no connection is closed for a new one to which a process turns at once") {
  peer application(answering(answer("x")));
  auto const whom = std::make_shared<upstream::application>(
      *upstream::resolve({.path = application.path(), .host = {}}));
  loop_of_its_own here;
  upstream::connection_search search(here.loop.get_executor(), whom, std::chrono::seconds(20),
                                     [] {});
  std::shared_ptr<upstream::connection> got;
  boost::asio::co_spawn(
      here.loop,
      [&]() -> base::task<void> {
        auto found = co_await search.get(upstream::wanted::any);
        got = *found;
      },
      boost::asio::detached);
  here.loop.run();
  REQUIRE(got);
  CHECK_FALSE(whom->is_waited_for());
}

TEST_CASE("no connection is kept while another request waits for the application") {
  peer application(answering(answer("x")));
  auto const rules = rules_of();
  auto const whom = std::make_shared<upstream::application>(
      *upstream::resolve({.path = application.path(), .host = {}}));
  loop_of_its_own here;
  auto& kept = upstream::kept_connections::of(here.loop.get_executor());
  auto const connected = [&] {
    auto one = std::make_shared<upstream::connection>(here.loop.get_executor(), whom, 0);
    REQUIRE(one->begin_connect().has_value());
    return one;
  };
  kept.keep(connected());
  CHECK(kept.size() == 1);
  CHECK(kept.take(*whom, 0) != nullptr);
  CHECK(kept.take(*whom, 0) == nullptr);
  upstream::application::waiting const somebody(*whom);
  kept.keep(connected());
  CHECK(kept.size() == 0);
}

TEST_CASE("a flood on standard error is read line by line, and does not stand for an answer") {
  std::string flood;
  for (int i = 0; i < 3000; ++i) flood += tests::err("line " + std::to_string(i) + "\n");
  auto const t = ask(answering(flood + answer("x")));
  CHECK(t.content == "x");
  CHECK(t.seen.standard_error.count == 3000);
}

TEST_CASE("SCGI and uwsgi: the answer ends when the connection does") {
  struct row {
    protocol how;
    std::string answer;
    std::string told;
  };
  std::string const head = "Content-Type: text/plain\r\n\r\n";
  row const rows[] = {
      {protocol::scgi, "Status: 201 Made\r\n" + head + "x", "201 x"},
      {protocol::scgi, "HTTP/1.1 404 Not Found\r\n" + head + "x", "404 x"},
      {protocol::uwsgi, "HTTP/1.1 200 OK\r\n" + head + "x", "200 x"},
      {protocol::uwsgi, head + "x", "200 x"},
      {protocol::uwsgi, "", "502 "},
  };
  for (auto const& r : rows) {
    CAPTURE(r.answer);
    std::string first;
    std::string body;
    peer application([&](conversation& with, int) {
      first = with.read(r.how == protocol::scgi ? 3 : 4);
      auto const size = r.how == protocol::scgi
                            ? static_cast<std::size_t>(std::stoi(first)) + 2
                            : static_cast<unsigned char>(first[1]) +
                                  static_cast<unsigned char>(first[2]) * std::size_t{256};
      with.read(size);
      body = with.read(7);
      with.write(r.answer, 3);
    });
    auto const rules = rules_of();
    loop_of_its_own here;
    auto const t =
        ask(here, at(application.address(), rules, r.how), {.method = "POST", .body = "content"});
    CHECK(std::to_string(t.status) + " " + t.content == r.told);
    CHECK(body == "content");
    CHECK(here.kept() == 0);
  }
}

TEST_CASE("uwsgi: more variables than fit are 431") {
  auto const rules = rules_of();
  loop_of_its_own here;
  auto const t = ask(here, at("unix:/nowhere/peer", rules, protocol::uwsgi),
                     {.target = "/app?" + std::string(8'000, 'x')});
  CHECK(t.status == 502);
  remote::rules large = rules_of();
  large.variables.environment.push_back({"LARGE", std::string(70'000, 'x'), "--env", "", {}});
  CHECK(why(ask(here, at("unix:/nowhere/peer", large, protocol::uwsgi))) ==
        "431 variables-too-large");
}

TEST_CASE("a line break in PATH_INFO is refused, as for a script") {
  auto const rules = rules_of();
  loop_of_its_own here;
  CHECK(why(ask(here, at("unix:/nowhere/peer", rules), {.target = "/app/a%0Ab"})) ==
        "400 path-info-line-break");
}

TEST_CASE("an application that is only described is not asked") {
  auto rules = rules_of();
  rules.asks = false;
  loop_of_its_own here;
  auto const t = ask(here, at("unix:/nowhere/peer", rules));
  CHECK(why(t) == "503 programs-not-run");
  CHECK(t.seen.variables.size() > 10);
}

TEST_CASE("the way to an application is seen: its variables, and each record by type and length") {
  auto const t = ask(answering(answer("hello")), {.method = "POST", .body = "12345"});
  REQUIRE(t.seen.asked);
  CHECK(t.seen.asked->protocol == "FastCGI");
  CHECK_FALSE(t.seen.asked->kept);
  std::string records;
  for (auto const& r : t.seen.asked->records)
    records += (r.sent ? ">" : "<") + r.type +
               (r.type == "FCGI_PARAMS" && r.length > 0 ? " n" : " " + std::to_string(r.length)) +
               "\n";
  CHECK(records ==
        ">FCGI_BEGIN_REQUEST 8\n>FCGI_PARAMS n\n>FCGI_PARAMS 0\n>FCGI_STDIN 5\n>FCGI_STDIN 0\n"
        "<FCGI_STDOUT 31\n<FCGI_END_REQUEST 8\n");
  CHECK(t.seen.standard_input.bytes == "12345");
  CHECK(t.seen.standard_output.bytes == "Content-Type: text/plain\n\nhello");
}
