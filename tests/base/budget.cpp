#include "gatehouse/base/budget.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>

using gatehouse::base::budget;

TEST_CASE("parts of a budget are together no more than its limit") {
  auto const whole = std::make_shared<budget>(10);
  budget::part a(whole);
  std::optional<budget::part> b(whole);
  CHECK(a.grow(4));
  CHECK(b->grow(5));
  CHECK_FALSE(a.grow(2));
  CHECK(a.grow(1));
  CHECK_FALSE(b->grow(1));
  b.reset();
  CHECK(a.grow(5));
  CHECK_FALSE(a.grow(1));
}

TEST_CASE("what was not granted is not held") {
  auto const whole = std::make_shared<budget>(10);
  {
    budget::part refused(whole);
    CHECK_FALSE(refused.grow(11));
  }
  budget::part next(whole);
  CHECK(next.grow(10));
}

TEST_CASE("a part that is moved is held once") {
  auto const whole = std::make_shared<budget>(10);
  budget::part first(whole);
  CHECK(first.grow(6));
  {
    budget::part second(std::move(first));
    budget::part third;
    third = std::move(second);
    CHECK_FALSE(budget::part(whole).grow(5));
  }
  CHECK(budget::part(whole).grow(10));
}

TEST_CASE("a budget's limit can change while parts are held") {
  auto const whole = std::make_shared<budget>(10);
  budget::part held(whole);
  CHECK(held.grow(10));
  whole->resize(8);
  CHECK_FALSE(budget::part(whole).grow(1));
  whole->resize(12);
  CHECK(budget::part(whole).grow(2));
}
