#include "gatehouse/base/deadline.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "gatehouse/base/event.hpp"

using namespace gatehouse::base;
using namespace std::chrono_literals;

TEST_CASE("a deadline that runs out says so once") {
  boost::asio::io_context loop{1};
  int calls = 0;
  deadline limit(loop.get_executor(), [&calls] { ++calls; });
  limit.set(1ms);
  CHECK_FALSE(limit.expired());
  loop.run();
  CHECK(calls == 1);
  CHECK(limit.expired());
}

TEST_CASE("a deadline is as it was set last") {
  boost::asio::io_context loop{1};
  bool called = false;
  deadline limit(loop.get_executor(), [&called] { called = true; });
  SUBCASE("later") {
    limit.set(1ms);
    limit.set(20ms);
    loop.run();
    CHECK(called);
  }
  SUBCASE("sooner") {
    limit.set(1h);
    limit.set(1ms);
    loop.run();
    CHECK(called);
  }
  SUBCASE("cleared") {
    limit.set(1ms);
    limit.clear();
    loop.run();
    CHECK_FALSE(called);
    CHECK_FALSE(limit.expired());
  }
  SUBCASE("cleared, then set again") {
    limit.set(1ms);
    limit.clear();
    limit.set(2ms);
    loop.run();
    CHECK(called);
  }
}

TEST_CASE("a deadline that is gone calls nobody") {
  boost::asio::io_context loop{1};
  bool called = false;
  {
    deadline limit(loop.get_executor(), [&called] { called = true; });
    limit.set(0ms);
  }
  loop.run();
  CHECK_FALSE(called);
}
