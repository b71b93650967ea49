#include "gatehouse/base/keep_going.hpp"

#include <doctest/doctest.h>

#include <new>

#include "gatehouse/base/event.hpp"

using namespace gatehouse;

namespace {

// Waits, and is taken down with all who await it: as Asio does without memory for the wait.
base::task<void> be_taken_down() {
  co_await boost::asio::async_initiate<boost::asio::use_awaitable_t<base::executor> const, void()>(
      [](auto handler) { auto const dropped = std::move(handler); },
      boost::asio::use_awaitable_t<base::executor>{});
}

enum class fate { ends, fails, is_taken_down };

// What is kept going; it waits to be told how its first turn ends. Each later one ends by itself.
struct worker {
  explicit worker(boost::asio::io_context& loop)
      : executor(loop.get_executor()), told(loop.get_executor()) {}

  void keep_going() {
    base::keep_going(executor, running, [this] { return work(); });
  }

  void tell(fate what) {
    first = what;
    told.set();
  }

  base::task<void> work() {
    bool const is_first = ++begun == 1;
    co_await told.wait();
    CHECK(running);
    if (is_first && first == fate::fails) throw std::bad_alloc();
    if (is_first && first == fate::is_taken_down) co_await be_taken_down();
    ++ended;
  }

  base::executor executor;
  base::event told;
  fate first = fate::ends;
  bool running = false;
  int begun = 0;
  int ended = 0;
};

}  // namespace

TEST_CASE("what is kept going is not begun twice, and runs until it ends") {
  boost::asio::io_context loop{1};
  worker one(loop);
  one.keep_going();
  one.keep_going();
  CHECK(one.begun == 0);
  loop.poll();
  CHECK(one.begun == 1);
  CHECK(one.running);
  one.keep_going();
  one.tell(fate::ends);
  loop.poll();
  CHECK(one.begun == 1);
  CHECK(one.ended == 1);
  CHECK_FALSE(one.running);
}

TEST_CASE("what is kept going does not begin within the call, on its loop either") {
  boost::asio::io_context loop{1};
  worker one(loop);
  boost::asio::post(loop, [&] {
    one.keep_going();
    CHECK(one.begun == 0);
  });
  loop.poll();
  CHECK(one.begun == 1);
}

TEST_CASE("what fails says so to whoever runs the loop, and is begun again without the others") {
  boost::asio::io_context loop{1};
  worker failing(loop);
  worker other(loop);
  failing.keep_going();
  other.keep_going();
  loop.poll();
  failing.tell(fate::fails);
  CHECK_THROWS_AS(loop.poll(), std::bad_alloc);
  CHECK_FALSE(failing.running);
  CHECK(other.running);

  failing.keep_going();
  other.keep_going();
  other.tell(fate::ends);
  loop.poll();
  CHECK(failing.begun == 2);
  CHECK(failing.ended == 1);
  CHECK(other.begun == 1);
  CHECK(other.ended == 1);
}

TEST_CASE("what was taken down without a word is begun again") {
  boost::asio::io_context loop{1};
  worker one(loop);
  one.keep_going();
  loop.poll();
  one.tell(fate::is_taken_down);
  boost::asio::post(loop, [] { throw std::bad_alloc(); });
  CHECK_THROWS_AS(loop.poll(), std::bad_alloc);
  one.keep_going();
  loop.poll();
  CHECK(one.begun == 2);
  CHECK(one.ended == 1);
  CHECK_FALSE(one.running);
}
