#include "gatehouse/cgi/script_slots.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <new>
#include <vector>

using namespace gatehouse;
using namespace std::chrono_literals;
using cgi::script_slots;

namespace {

// Asks for a place and keeps what came of it.
struct client {
  std::optional<script_slots::outcome> got;
  std::function<void()> give_up;

  bool has_place() const { return got && got->place; }
};

void ask(boost::asio::io_context& loop, script_slots& slots, client& c,
         std::chrono::steady_clock::duration limit = 1h) {
  auto const wait = [](boost::asio::io_context& l, script_slots& s, client& me,
                       std::chrono::steady_clock::duration time) -> base::task<void> {
    me.got = co_await s.acquire(l.get_executor(), time, [&me](std::function<void()> action) {
      me.give_up = std::move(action);
    });
  };
  boost::asio::co_spawn(loop, wait(loop, slots, c, limit), boost::asio::detached);
  loop.restart();
  loop.poll();
}

void settle(boost::asio::io_context& loop) {
  loop.restart();
  loop.poll();
}

}  // namespace

TEST_CASE("places are given in the order of asking") {
  boost::asio::io_context loop{1};
  script_slots slots(1, 2);
  client clients[4];
  for (auto& c : clients) ask(loop, slots, c);
  CHECK(clients[0].has_place());
  CHECK_FALSE(clients[1].got);
  CHECK_FALSE(clients[2].got);
  REQUIRE(clients[3].got);
  CHECK_FALSE(clients[3].got->place);
  CHECK(clients[3].got->why == script_slots::refusal::queue_full);
  CHECK(slots.waiting() == 2);
  clients[0].got->place.reset();
  settle(loop);
  CHECK(clients[1].has_place());
  CHECK_FALSE(clients[2].got);
  clients[1].got->place.reset();
  settle(loop);
  CHECK(clients[2].has_place());
  CHECK(slots.waiting() == 0);
}

TEST_CASE("who waits too long or leaves gives its turn to the next") {
  boost::asio::io_context loop{1};
  script_slots slots(1, 10);
  client first;
  client leaving;
  client late;
  client last;
  ask(loop, slots, first);
  ask(loop, slots, leaving);
  ask(loop, slots, late, 1ms);
  ask(loop, slots, last);
  leaving.give_up();
  loop.restart();
  while (!late.got) loop.run_one();
  CHECK(leaving.got->why == script_slots::refusal::given_up);
  CHECK(late.got->why == script_slots::refusal::timed_out);
  CHECK(slots.waiting() == 1);
  first.got->place.reset();
  settle(loop);
  CHECK(last.has_place());
}

TEST_CASE("who fails while it waits gives its turn to the next") {
  boost::asio::io_context loop{1};
  script_slots slots(1, 10);
  client first;
  client last;
  ask(loop, slots, first);
  bool thrown = false;
  auto const fails = [](boost::asio::io_context& l, script_slots& s) -> base::task<void> {
    co_await s.acquire(l.get_executor(), 1h,
                       [](std::function<void()> const&) { throw std::bad_alloc(); });
  };
  boost::asio::co_spawn(loop, fails(loop, slots),
                        [&](std::exception_ptr const& failure) { thrown = failure != nullptr; });
  settle(loop);
  CHECK(thrown);
  ask(loop, slots, last);
  first.got->place.reset();
  settle(loop);
  CHECK(last.has_place());
}

TEST_CASE("a place that was given to who then fails goes to the next") {
  boost::asio::io_context loop{1};
  script_slots slots(1, 10);
  client first;
  client last;
  ask(loop, slots, first);
  bool thrown = false;
  auto const fails = [](boost::asio::io_context& l, script_slots& s,
                        client& holder) -> base::task<void> {
    co_await s.acquire(l.get_executor(), 1h, [&](std::function<void()> const&) {
      holder.got->place.reset();  // which is the waiting one's from now on
      throw std::bad_alloc();
    });
  };
  boost::asio::co_spawn(loop, fails(loop, slots, first),
                        [&](std::exception_ptr const& failure) { thrown = failure != nullptr; });
  settle(loop);
  CHECK(thrown);
  CHECK(slots.waiting() == 0);
  ask(loop, slots, last);
  CHECK(last.has_place());
}

TEST_CASE("a place that was given to who is taken down in its wait goes to the next") {
  script_slots slots(1, 10);
  client first;
  client last;
  boost::asio::io_context loop{1};
  ask(loop, slots, first);
  {
    boost::asio::io_context other{1};
    client waiting;
    ask(other, slots, waiting);
    first.got->place.reset();
    // The other thread's work ends before it hears of its place.
  }
  ask(loop, slots, last);
  CHECK(last.has_place());
}

TEST_CASE("other limits hold at once, and take nothing from who has a place") {
  boost::asio::io_context loop{1};
  script_slots slots(1, 1);
  client clients[5];
  ask(loop, slots, clients[0]);
  ask(loop, slots, clients[1]);
  CHECK_FALSE(clients[1].got);
  slots.resize(2, 1);
  settle(loop);
  CHECK(clients[1].has_place());
  slots.resize(1, 2);
  ask(loop, slots, clients[2]);
  ask(loop, slots, clients[3]);
  clients[0].got->place.reset();
  settle(loop);
  CHECK_FALSE(clients[2].got);
  clients[1].got->place.reset();
  settle(loop);
  CHECK(clients[2].has_place());
  CHECK_FALSE(clients[3].got);
  ask(loop, slots, clients[4]);
  slots.resize(3, 2);
  settle(loop);
  CHECK(clients[3].has_place());
  CHECK(clients[4].has_place());
}
