#include "gatehouse/app/health.hpp"

#include <doctest/doctest.h>

#include "../quiet_context.hpp"
#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;

TEST_CASE("the health is told at once") {
  boost::asio::io_context loop{1};
  tests::quiet_context context(loop.get_executor());
  app::health health;
  auto const request = http::parse_request("GET /-/health HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
  REQUIRE(request.has_value());
  auto const outcome = health.answer_at_once(*request, context);
  REQUIRE(outcome.has_value());
  auto const* const answer = std::get_if<http::response>(&*outcome);
  REQUIRE(answer != nullptr);
  CHECK(answer->status == 200);
  CHECK(answer->fields.find("Cache-Control") == "no-store");
  auto const* const body = std::get_if<http::shared_buffer>(&answer->body);
  REQUIRE(body != nullptr);
  CHECK(**body == "ok\n");
}
