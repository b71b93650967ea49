#include "gatehouse/net/exchange_runner.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

using namespace gatehouse;

namespace {

// Gives the same outcome each time, or throws.
class scripted final : public http::handler {
 public:
  std::optional<http::outcome> answer_at_once(http::request const&,
                                              http::exchange_context&) override {
    if (thrown) std::rethrow_exception(thrown);
    return std::nullopt;
  }
  base::task<http::outcome> handle(http::request const&, http::body_source&,
                                   http::exchange_context&) override {
    if (thrown) std::rethrow_exception(thrown);
    http::response response;
    response.status = 204;
    co_return response;
  }

  std::exception_ptr thrown;
};

class exchange final : public net::exchange_runner {
 public:
  using exchange_runner::exchange_runner;
  std::unique_ptr<http::subscription> when_client_leaves(std::function<void()>) override {
    return std::make_unique<http::subscription>();
  }
};

struct fixture {
  fixture() {
    shared.handler = &handler;
    shared.render_error = [](http::http_error const& error, http::request const*, bool,
                             std::uint64_t) {
      http::response response;
      response.status = error.status;
      for (auto const& field : error.fields) response.fields.add(field.name, field.value);
      return response;
    };
  }
  exchange begin() { return {loop.get_executor(), {}, shared, std::nullopt}; }

  http::outcome ask(exchange& of) {
    http::empty_body body;
    std::optional<http::outcome> out;
    boost::asio::co_spawn(loop, of.ask(request, body),
                          [&](std::exception_ptr const& failure, http::outcome outcome) {
                            CHECK_FALSE(failure);
                            out = std::move(outcome);
                          });
    loop.run();
    REQUIRE(out.has_value());
    return std::move(*out);
  }

  boost::asio::io_context loop{1};
  scripted handler;
  net::service shared;
  http::request request;
};

unsigned status_of(http::outcome const& outcome) {
  if (auto const* const error = std::get_if<http::http_error>(&outcome)) return error->status;
  return std::get<http::response>(outcome).status;
}

}  // namespace

TEST_CASE("a request that is not answered at once is handled") {
  fixture f;
  auto one = f.begin();
  CHECK_FALSE(one.ask_at_once(f.request).has_value());
  CHECK(status_of(f.ask(one)) == 204);
}

TEST_CASE("what a handler throws is an answer, at once or later") {
  fixture f;
  f.handler.thrown = std::make_exception_ptr(std::runtime_error("broken"));
  auto one = f.begin();
  auto const at_once = one.ask_at_once(f.request);
  REQUIRE(at_once.has_value());
  CHECK(status_of(*at_once) == 500);
  CHECK(std::get<http::http_error>(*at_once).reason == "handler-failed");
  CHECK(status_of(f.ask(one)) == 500);
}

TEST_CASE("a handler that finds no memory tells the client when to come again") {
  fixture f;
  f.handler.thrown = std::make_exception_ptr(std::bad_alloc());
  auto one = f.begin();
  auto outcome = one.ask_at_once(f.request);
  REQUIRE(outcome.has_value());
  auto const* const response = one.to_response(*outcome, f.request);
  REQUIRE(response != nullptr);
  CHECK(response->status == 503);
  CHECK(response->fields.contains("Retry-After"));
  CHECK(one.record.reason == "out-of-memory");
}

TEST_CASE("a local redirect that nobody followed is an error") {
  fixture f;
  auto one = f.begin();
  http::outcome outcome = http::local_redirect{"/elsewhere"};
  auto const* const response = one.to_response(outcome, f.request);
  REQUIRE(response != nullptr);
  CHECK(response->status == 500);
  CHECK(one.record.reason == "redirect-unhandled");
}

TEST_CASE("a client that has left is sent nothing") {
  fixture f;
  auto one = f.begin();
  http::outcome outcome = http::http_error{.status = 499, .reason = "client-gone"};
  CHECK(one.to_response(outcome, f.request) == nullptr);
  CHECK(one.record.status == 499);
}

TEST_CASE("the log is told of an exchange with its times") {
  fixture f;
  std::vector<unsigned> logged;
  f.shared.log_exchange = [&](http::request const*, http::exchange_context const& context) {
    CHECK(context.record.ended >= context.record.started);
    logged.push_back(context.record.status);
  };
  auto one = f.begin();
  http::response answer;
  answer.status = 204;
  http::outcome outcome = std::move(answer);
  REQUIRE(one.to_response(outcome, f.request) != nullptr);
  one.end(&f.request, {});
  CHECK(logged == std::vector<unsigned>{204});
}
