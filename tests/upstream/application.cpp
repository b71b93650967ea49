#include "gatehouse/upstream/application.hpp"

#include <doctest/doctest.h>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

using namespace gatehouse;
using namespace gatehouse::upstream;

namespace {

std::shared_ptr<application> at_places(std::size_t count) {
  std::vector<endpoint> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(resolve({.path = "/run/" + std::to_string(i), .host = {}})->front());
  return std::make_shared<application>(std::move(out));
}

base::error_code const refused{ECONNREFUSED, boost::system::system_category()};

struct no_log {
  no_log() { base::log::set_level(base::log::level::off); }
  ~no_log() { base::log::set_level(base::log::level::info); }
};

}  // namespace

TEST_CASE("the place with the fewest requests gets the next one") {
  auto const a = at_places(3);
  std::vector<bool> const untried(3);
  a->begin(0);
  a->begin(0);
  a->begin(1);
  a->begin(1);
  a->begin(2);
  CHECK(a->choose(untried) == 2U);
  a->begin(2);
  a->begin(2);
  a->end(1);
  CHECK(a->choose(untried) == 1U);
  CHECK(a->choose({false, true, false}) == 0U);
  CHECK(a->choose({true, true, true}) == std::nullopt);
}

TEST_CASE("equal places take turns") {
  auto const a = at_places(2);
  auto const first = a->choose({false, false});
  CHECK(first != a->choose({false, false}));
}

TEST_CASE("a place that fails rests for a time that grows and is bounded, and gets well again") {
  no_log const quiet;
  auto const a = at_places(2);
  auto const now = std::chrono::steady_clock::now;
  CHECK(a->rests_until(0) < now());
  a->failed(0, refused);
  CHECK(a->rests_until(0) > now());
  CHECK(a->rests_until(0) <= now() + base::limits::first_rest);
  for (int i = 0; i < 4; ++i) CHECK(a->choose({false, false}) == 1U);
  // When all rest, requests go to where the rest is over first.
  a->failed(1, refused);
  CHECK(a->choose({false, false}) == 0U);
  CHECK(a->choose({true, false}) == 1U);
  a->succeeded(0);
  CHECK(a->rests_until(0) < now());
}

TEST_CASE("the only place never rests, nor does one that is busy") {
  no_log const quiet;
  auto const one = at_places(1);
  one->failed(0, refused);
  CHECK(one->choose({false}) == 0U);
  CHECK(one->rests_until(0) < std::chrono::steady_clock::now());
  auto const two = at_places(2);
  two->failed(0, {EAGAIN, boost::system::system_category()});
  two->failed(0, {EMFILE, boost::system::system_category()});
  CHECK(two->rests_until(0) < std::chrono::steady_clock::now());
}

TEST_CASE("it is known whether a request waits for the application") {
  auto const a = at_places(1);
  CHECK_FALSE(a->is_waited_for());
  {
    application::waiting one(*a);
    application::waiting other = std::move(one);
    CHECK(a->is_waited_for());
    one = application::waiting(*a);
    other = {};
    CHECK(a->is_waited_for());
  }
  CHECK_FALSE(a->is_waited_for());
}
