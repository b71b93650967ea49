#include "gatehouse/app/router.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "../quiet_context.hpp"
#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;
using gatehouse::tests::quiet_context;

namespace {

// Answers at once.
class quick final : public http::handler {
 public:
  explicit quick(http::outcome (*answer)()) : answer_(answer) {}
  std::optional<http::outcome> answer_at_once(http::request const&,
                                              http::exchange_context&) override {
    return answer_();
  }
  base::task<http::outcome> handle(http::request const&, http::body_source&,
                                   http::exchange_context&) override {
    co_return answer_();
  }

 private:
  http::outcome (*answer_)();
};

// Answers with its name, or redirects where it is told.
class named final : public http::handler {
 public:
  explicit named(std::string name, std::string redirect = {})
      : name_(std::move(name)), redirect_(std::move(redirect)) {}
  base::task<http::outcome> handle(http::request const& request, http::body_source&,
                                   http::exchange_context& context) override {
    if (!redirect_.empty()) co_return http::local_redirect{redirect_};
    http::response response;
    response.body = http::make_buffer(name_ + " " + request.method + " " + request.target.path +
                                      " " + context.redirect_url);
    co_return response;
  }

 private:
  std::string name_;
  std::string redirect_;
};

bool is_answered_at_once(app::router& routes, std::string const& path) {
  auto const request = http::parse_request("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
  REQUIRE(request.has_value());
  boost::asio::io_context loop{1};
  quiet_context context(loop.get_executor());
  return routes.answer_at_once(*request, context).has_value();
}

std::string ask(app::router& routes, std::string const& request_line,
                std::string const& host = "h") {
  auto const rest = host.empty() ? " HTTP/1.0\r\n" : " HTTP/1.1\r\nHost: " + host + "\r\n";
  auto const request = http::parse_request(request_line + rest + "\r\n", 1000);
  REQUIRE(request.has_value());
  boost::asio::io_context loop{1};
  quiet_context context(loop.get_executor());
  http::empty_body body;
  std::string said;
  boost::asio::co_spawn(
      loop, routes.handle(*request, body, context),
      [&](std::exception_ptr const&, http::outcome got) {
        if (auto const* const error = std::get_if<http::http_error>(&got)) {
          said = std::to_string(error->status) + " " + std::string(error->reason);
        } else if (auto const* const response = std::get_if<http::response>(&got)) {
          auto const* const bytes = std::get_if<http::shared_buffer>(&response->body);
          said = bytes != nullptr ? **bytes : std::to_string(response->status);
        }
      });
  loop.run();
  return said;
}

}  // namespace

TEST_CASE("the longest prefix gets the request, by whole segments") {
  base::recency answered_at_once;
  app::router routes(answered_at_once);
  routes.mount({""}, std::make_unique<named>("root"));
  routes.mount({"/a"}, std::make_unique<named>("a"));
  routes.mount({"/a/b"}, std::make_unique<named>("b"));
  CHECK(ask(routes, "GET /") == "root GET / ");
  CHECK(ask(routes, "GET /a") == "a GET /a ");
  CHECK(ask(routes, "GET /ab") == "root GET /ab ");
  CHECK(ask(routes, "GET //a///b/c") == "b GET //a///b/c ");
  CHECK(ask(routes, "OPTIONS *") == "204");
  app::router bare(answered_at_once);
  bare.mount({"/a"}, std::make_unique<named>("a"));
  CHECK(ask(bare, "GET /x") == "404 not-mapped");
}

TEST_CASE("the host decides first, then the longest prefix of what is mounted for it") {
  base::recency answered_at_once;
  app::router routes(answered_at_once);
  routes.mount({""}, std::make_unique<named>("any"));
  routes.mount({"/a"}, std::make_unique<named>("any-a"));
  routes.mount({"", "one.example"}, std::make_unique<named>("one"));
  routes.mount({"/b", "one.example"}, std::make_unique<named>("one-b"));
  routes.mount({"/b", "[::1]"}, std::make_unique<named>("v6-b"));
  struct row {
    std::string_view label;
    std::string request_line;
    std::string host;
    std::string_view answer;
  };
  row const rows[] = {
      {"a host of its own", "GET /b/x", "one.example", "one-b GET /b/x "},
      {"what only others have", "GET /a", "one.example", "one GET /a "},
      {"letters, a port and a last dot do not count", "GET /", "One.EXAMPLE.:8000", "one GET / "},
      {"an address", "GET /b", "[::1]:80", "v6-b GET /b "},
      {"nothing for the path at this host", "GET /a", "[::1]", "404 not-mapped"},
      {"any other host", "GET /a", "two.example", "any-a GET /a "},
      {"a host below it", "GET /", "www.one.example", "any GET / "},
      {"no host", "GET /", "", "any GET / "},
      {"the target's host is asked before the field's", "GET http://one.example/b", "two.example",
       "one-b GET /b "},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(ask(routes, r.request_line, r.host) == r.answer);
  }
}

TEST_CASE("a local redirect stays at its host") {
  base::recency answered_at_once;
  app::router routes(answered_at_once);
  routes.mount({""}, std::make_unique<named>("any"));
  routes.mount({"", "one.example"}, std::make_unique<named>("one"));
  routes.mount({"/to", "one.example"}, std::make_unique<named>("to", "/x"));
  CHECK(ask(routes, "GET /to", "one.example") == "one GET /x /to");
  CHECK(ask(routes, "GET http://one.example/to") == "one GET /x /to");
}

TEST_CASE("a local redirect is followed as a GET, not without end") {
  base::recency answered_at_once;
  app::router routes(answered_at_once);
  routes.mount({""}, std::make_unique<named>("root"));
  routes.mount({"/to"}, std::make_unique<named>("to", "/x?y"));
  routes.mount({"/loop"}, std::make_unique<named>("loop", "/loop"));
  routes.mount({"/bad"}, std::make_unique<named>("bad", "/../x"));
  CHECK(ask(routes, "POST /to/z%20") == "root GET /x /to/z%20");
  CHECK(ask(routes, "GET /loop") == "502 redirect-loop");
  CHECK(ask(routes, "GET /bad") == "502 bad-local-redirect");
}

TEST_CASE("what needs no waiting is answered at once, but for local redirects") {
  base::recency answered_at_once;
  app::router routes(answered_at_once);
  routes.mount({"/quick"}, std::make_unique<quick>([] {
                 http::response response;
                 response.status = 203;
                 return http::outcome(std::move(response));
               }));
  routes.mount({"/missing"}, std::make_unique<quick>([] {
                 return http::outcome(http::http_error{.status = 404, .reason = "none"});
               }));
  routes.mount({"/leads-on"}, std::make_unique<quick>(
                                  [] { return http::outcome(http::local_redirect{"/slow"}); }));
  routes.mount({"/slow"}, std::make_unique<named>("slow"));
  boost::asio::io_context loop{1};
  quiet_context context(loop.get_executor());
  struct row {
    std::string_view label;
    std::string request_line;
    bool at_once;
  };
  row const rows[] = {
      {"a response", "GET /quick", true},           {"an error", "GET /missing", true},
      {"a local redirect", "GET /leads-on", false}, {"a handler that waits", "GET /slow", false},
      {"no handler", "GET /elsewhere", false},      {"the server itself", "OPTIONS *", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const request = http::parse_request(r.request_line + " HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
    REQUIRE(request.has_value());
    CHECK(routes.answer_at_once(*request, context).has_value() == r.at_once);
  }
  CHECK(ask(routes, "GET /leads-on") == "slow GET /slow /leads-on");
}

TEST_CASE("the router knows when a request was last answered at once") {
  base::recency answered_at_once;
  app::router routes(answered_at_once);
  routes.mount({""}, std::make_unique<quick>(+[] { return http::outcome(http::response{}); }));
  routes.mount({"/awaited"}, std::make_unique<named>("slow"));
  CHECK_FALSE(is_answered_at_once(routes, "/awaited"));
  CHECK_FALSE(answered_at_once.within(std::chrono::hours(1)));
  CHECK(is_answered_at_once(routes, "/"));
  CHECK(answered_at_once.within(std::chrono::hours(1)));
}
