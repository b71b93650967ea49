#include "gatehouse/app/workers.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <thread>

#include "gatehouse/net/listening_socket.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

constexpr auto ample = 1h;

auto service() {
  return std::make_shared<net::service>();
}

// Runs the workers, and on their main loop what the case does with them; stops them at its end.
void run_with(app::workers& all, std::function<base::task<void>()> const& what) {
  all.run([&] {
    auto const until_done = [&]() -> base::task<void> {
      co_await what();
      all.stop();
    };
    boost::asio::co_spawn(all.main_executor(), until_done, boost::asio::detached);
  });
}

// A client of the first thread, which never asks for anything.
struct client {
  client(app::workers& all, net::admission& places) : socket(all.main_executor()) {
    net::listening_socket listening(all.main_executor());
    REQUIRE_FALSE(listening.open({boost::asio::ip::address_v4::loopback(), 0}));
    socket.connect(listening.endpoint());
    auto accepted = listening.accept();
    REQUIRE(accepted.has_value());
    auto const from = net::admission::source_of(accepted->from.address());
    all.sets().front()->serve(std::move(*accepted), places.take(from));
  }

  boost::asio::basic_stream_socket<tcp, base::executor> socket;
};

}  // namespace

TEST_CASE("each thread carries out every action, in the order of asking, and on its own loop") {
  app::workers all(3, service());
  CHECK(all.sets().size() == 3);
  std::mutex mutex;
  std::map<net::connection_set*, std::string> done;
  std::map<net::connection_set*, std::map<std::thread::id, int>> threads;
  run_with(all, [&]() -> base::task<void> {
    for (char const name : {'a', 'b', 'c'}) {
      all.on_each_set([&, name](net::connection_set& set) {
        std::lock_guard const lock(mutex);
        done[&set] += name;
        ++threads[&set][std::this_thread::get_id()];
      });
    }
    bool const ended = co_await all.connections_end_within(ample);
    CHECK(ended);
  });
  REQUIRE(done.size() == 3);
  for (auto const& [set, names] : done) CHECK(names == "abc");
  std::map<std::thread::id, int> different;
  for (auto const& [set, ids] : threads) {
    CHECK(ids.size() == 1);
    ++different[ids.begin()->first];
  }
  CHECK(different.size() == 3);
}

TEST_CASE("connections have ended when the last one has, and not before the limit is over") {
  net::admission places({});
  app::workers all(2, service());
  run_with(all, [&]() -> base::task<void> {
    client const idle(all, places);
    CHECK(all.connections() == 1);
    bool const without_being_asked = co_await all.connections_end_within(0s);
    CHECK_FALSE(without_being_asked);
    all.on_each_set([](net::connection_set& set) { set.cut(); });
    bool const when_cut = co_await all.connections_end_within(ample);
    CHECK(when_cut);
    CHECK(all.connections() == 0);
  });
}

TEST_CASE("a thread that has not come to its last action may have connections yet") {
  app::workers all(2, service());
  std::atomic<bool> may_go_on = false;
  run_with(all, [&]() -> base::task<void> {
    all.on_each_set([&, first = all.sets().front()](net::connection_set& set) {
      if (&set != first) may_go_on.wait(false);
    });
    bool const while_it_hangs = co_await all.connections_end_within(0s);
    CHECK_FALSE(while_it_hangs);
    may_go_on = true;
    may_go_on.notify_all();
    bool const afterwards = co_await all.connections_end_within(ample);
    CHECK(afterwards);
  });
}

TEST_CASE("an exception that leaves a loop ends nothing, and what must run is begun again") {
  app::workers all(2, service());
  int begun = 0;
  all.run([&] {
    if (++begun == 1) {
      all.on_each_set([](net::connection_set&) { throw std::bad_alloc(); });
    } else {
      all.stop();
    }
  });
  CHECK(begun == 2);
}
