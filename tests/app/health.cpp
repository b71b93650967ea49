#include "gatehouse/app/health.hpp"

#include <doctest/doctest.h>

#include "../quiet_context.hpp"
#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;

TEST_CASE("the health is told at once, until the server stops") {
  boost::asio::io_context loop{1};
  tests::quiet_context context(loop.get_executor());
  std::atomic<bool> stopping = false;
  app::health health(stopping);
  auto const request = http::parse_request("GET /-/health HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
  REQUIRE(request.has_value());
  for (unsigned const status : {200U, 503U}) {
    CAPTURE(status);
    stopping = status == 503;
    auto const outcome = health.answer_at_once(*request, context);
    REQUIRE(outcome.has_value());
    auto const* const answer = std::get_if<http::response>(&*outcome);
    REQUIRE(answer != nullptr);
    CHECK(answer->status == status);
    CHECK(answer->fields.find("Cache-Control") == "no-store");
    auto const* const body = std::get_if<http::shared_buffer>(&answer->body);
    REQUIRE(body != nullptr);
    CHECK(**body == (status == 200 ? "ok\n" : "stopping\n"));
  }
}
