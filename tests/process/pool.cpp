#include "gatehouse/process/pool.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "gatehouse/base/event.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;
using process::pool;

namespace {

// A program that is only a socket pair, or that makes its own connections.
class fake_program final : public process::kept_program {
 public:
  fake_program(pid_t pid, bool connects)
      : pid_(pid), name_("fake[" + std::to_string(pid) + "]"), connects_(connects) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours_.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  pid_t pid() const override { return pid_; }
  std::string const& log_name() const override { return name_; }
  std::optional<int> status() const override {
    return ended ? std::optional<int>(0) : std::nullopt;
  }
  std::vector<std::string> last_lines() const override { return {}; }
  std::vector<base::unique_fd> take_sockets() override {
    std::vector<base::unique_fd> out;
    connects_ ? out.emplace_back() : out.emplace_back(std::move(ours_));
    return out;
  }
  void when_ended(std::function<void()> action) override { on_end_ = std::move(action); }
  void retire() override { retired = true; }
  void stop() override {
    stopped = true;
    end();
  }
  void end() {
    if (ended.exchange(true)) return;
    if (auto const action = std::exchange(on_end_, nullptr)) action();
  }

  base::unique_fd theirs;
  std::atomic<bool> retired = false;
  std::atomic<bool> stopped = false;
  std::atomic<bool> ended = false;

 private:
  pid_t pid_;
  std::string name_;
  bool connects_;
  base::unique_fd ours_;
  std::function<void()> on_end_;
};

// What the cases know of the programs that were started.
struct stage {
  std::shared_ptr<fake_program> program(std::size_t i) {
    std::lock_guard const lock(mutex);
    return i < programs.size() ? programs[i] : nullptr;
  }
  std::size_t count() {
    std::lock_guard const lock(mutex);
    return programs.size();
  }
  std::mutex mutex;
  std::vector<std::shared_ptr<fake_program>> programs;
  std::atomic<bool> refuses = false;
  std::atomic<bool> connect = false;
};

class fake_starter final : public process::program_starter {
 public:
  explicit fake_starter(std::shared_ptr<stage> on) : on_(std::move(on)) {}
  base::task<process::start_outcome> start() override {
    if (on_->refuses) co_return process::start_refusal{"it does not want to"};
    std::lock_guard const lock(on_->mutex);
    on_->programs.push_back(std::make_shared<fake_program>(
        static_cast<pid_t>(1000 + on_->programs.size()), on_->connect));
    co_return on_->programs.back();
  }
  void close() override {}

 private:
  std::shared_ptr<stage> on_;
};

template <class Condition>
bool eventually(Condition condition) {
  auto const until = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// A pool that has started, and a loop to ask from.
struct fixture {
  explicit fixture(process::pool_rules rules)
      : on(std::make_shared<stage>()),
        workers(keeper, std::move(rules), std::make_unique<fake_starter>(on)) {}

  std::optional<std::string> start() {
    std::promise<std::optional<std::string>> told;
    workers.start([&told](auto wrong) { told.set_value(std::move(wrong)); });
    return told.get_future().get();
  }

  // Runs until the condition holds.
  template <class Condition>
  bool run_until(Condition condition) {
    return eventually([&] {
      loop.restart();
      loop.poll();
      return condition();
    });
  }

  void on_keeper(std::function<void()> action) {
    std::promise<void> done;
    boost::asio::post(keeper.get_executor(), [&] {
      action();
      done.set_value();
    });
    done.get_future().get();
  }

  std::shared_ptr<stage> on;
  process::program_keeper keeper;
  pool workers;
  boost::asio::io_context loop{1};
};

struct asker {
  std::optional<pool::outcome> got;
  std::function<void()> give_up;
  bool has_program() const { return got && got->program; }
};

void ask(fixture& f, asker& a, std::chrono::steady_clock::duration limit = 1h) {
  auto const wait = [](fixture& in, asker& me,
                       std::chrono::steady_clock::duration time) -> base::task<void> {
    me.got = co_await in.workers.acquire(
        in.loop.get_executor(), time,
        [&me](std::function<void()> action) { me.give_up = std::move(action); });
  };
  boost::asio::co_spawn(f.loop, wait(f, a, limit), boost::asio::detached);
  f.loop.restart();
  f.loop.poll();
}

process::pool_rules rules(std::size_t programs, std::size_t queue = 10) {
  return {.name = "fake", .programs = programs, .queue = queue};
}

}  // namespace

TEST_SUITE_BEGIN("pool");

TEST_CASE("all programs are started before the pool is ready") {
  fixture f(rules(3));
  CHECK_FALSE(f.start());
  CHECK(f.on->count() == 3);
  CHECK(f.keeper.running() == 3);
}

TEST_CASE("a program that cannot be started stops the start, with the reason") {
  fixture f(rules(2));
  f.on->refuses = true;
  CHECK(f.start() == "fake cannot be started:\nit does not want to");
}

TEST_CASE("programs are handed out in the order of asking, and the queue has an end") {
  fixture f(rules(1, 2));
  REQUIRE_FALSE(f.start());
  asker askers[4];
  for (auto& a : askers) ask(f, a);
  REQUIRE(askers[0].has_program());
  CHECK_FALSE(askers[1].got);
  REQUIRE(askers[3].got);
  CHECK(askers[3].got->why == pool::refusal::queue_full);
  CHECK(f.workers.waiting() == 2);
  askers[0].got->program.give_back();
  CHECK(f.run_until([&] { return askers[1].has_program(); }));
  CHECK_FALSE(askers[2].got);
  askers[1].got->program.give_back();
  CHECK(f.run_until([&] { return askers[2].has_program(); }));
  CHECK(f.workers.waiting() == 0);
}

TEST_CASE("who waits too long or leaves gives its turn to the next") {
  fixture f(rules(1));
  REQUIRE_FALSE(f.start());
  asker first;
  asker leaving;
  asker late;
  asker last;
  ask(f, first);
  ask(f, leaving);
  ask(f, late, 1ms);
  ask(f, last);
  leaving.give_up();
  CHECK(f.run_until([&] { return leaving.got && late.got; }));
  CHECK(leaving.got->why == pool::refusal::given_up);
  CHECK(late.got->why == pool::refusal::timed_out);
  first.got->program.give_back();
  CHECK(f.run_until([&] { return last.has_program(); }));
}

TEST_CASE("a thread gets the program that it has used last") {
  fixture f(rules(2));
  REQUIRE_FALSE(f.start());
  auto first = f.workers.acquire_now(f.loop.get_executor());
  auto second = f.workers.acquire_now(f.loop.get_executor());
  REQUIRE((first && second));
  auto const name = first->program()->log_name();
  first->give_back();
  auto again = f.workers.acquire_now(f.loop.get_executor());
  REQUIRE(again);
  CHECK(again->program()->log_name() == name);
  boost::asio::io_context other{1};
  again->give_back();
  auto elsewhere = f.workers.acquire_now(other.get_executor());
  REQUIRE(elsewhere);
  CHECK(elsewhere->program()->log_name() == name);
  CHECK(elsewhere->connection().get_executor() == other.get_executor());
}

TEST_CASE("a thread that gets a program again keeps it, although it was to close it meanwhile") {
  fixture f(rules(1));
  REQUIRE_FALSE(f.start());
  boost::asio::io_context other{1};
  f.workers.acquire_now(f.loop.get_executor())->give_back();
  f.workers.acquire_now(other.get_executor())->give_back();
  // The first loop has not run, and so not closed what it had.
  auto const again = f.workers.acquire_now(f.loop.get_executor());
  REQUIRE(again);
  f.loop.restart();
  f.loop.poll();
  auto const theirs = f.on->program(0)->theirs.get();
  CHECK(::send(theirs, "x", 1, MSG_NOSIGNAL) == 1);
  char byte = 0;
  auto const got = again->connection().receive_now(boost::asio::buffer(&byte, 1));
  CHECK((got && *got == 1U));
}

TEST_CASE("a program that ends is replaced, and who waits gets the new one") {
  fixture f(rules(1));
  REQUIRE_FALSE(f.start());
  asker first;
  asker next;
  ask(f, first);
  ask(f, next);
  first.got->program.give_up();
  CHECK(f.run_until([&] { return next.has_program(); }));
  CHECK(next.got->program.program()->pid() == 1001);
  CHECK(f.on->program(0)->stopped);
}

TEST_CASE("one that ends while it is idle is replaced at once") {
  fixture f(rules(1));
  REQUIRE_FALSE(f.start());
  asker first;
  ask(f, first);
  first.got->program.give_back();
  f.on_keeper([&] { f.on->program(0)->end(); });
  CHECK(eventually([&] { return f.on->count() == 2; }));
}

TEST_CASE("after its share of requests a program ends when its successor is ready") {
  auto r = rules(1);
  r.requests = 5;
  fixture f(r);
  REQUIRE_FALSE(f.start());
  auto const answer = [&] {
    asker one;
    ask(f, one);
    REQUIRE(f.run_until([&] { return one.has_program(); }));
    return one.got->program.program()->pid();
  };
  std::size_t answered = 0;
  while (f.on->count() == 1 && answered < 10'000) {
    answer();
    ++answered;
  }
  CHECK(answered >= 5);
  CHECK(eventually([&] { return answer() == 1001; }));
  char byte = 0;
  CHECK(f.run_until(
      [&] { return ::recv(f.on->program(0)->theirs.get(), &byte, 1, MSG_DONTWAIT) == 0; }));
  CHECK_FALSE(f.on->program(0)->stopped);
}

TEST_CASE("programs that nobody asks for end, and the next request starts one") {
  auto r = rules(2);
  r.idle = 20ms;
  fixture f(r);
  REQUIRE_FALSE(f.start());
  char byte = 0;
  CHECK(f.run_until([&] {
    return ::recv(f.on->program(0)->theirs.get(), &byte, 1, MSG_DONTWAIT) == 0 &&
           ::recv(f.on->program(1)->theirs.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }));
  f.on_keeper([&] {
    f.on->program(0)->end();
    f.on->program(1)->end();
  });
  asker one;
  ask(f, one);
  CHECK(f.run_until([&] { return one.has_program(); }));
  CHECK(f.on->count() == 3);
}

TEST_CASE("programs that end again and again without an answer are replaced after a pause") {
  fixture f(rules(1));
  REQUIRE_FALSE(f.start());
  auto const started = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < 4; ++i) {
    REQUIRE(eventually([&] { return f.on->count() == i + 1; }));
    f.on_keeper([&] { f.on->program(i)->end(); });
  }
  CHECK(eventually([&] { return f.on->count() == 5; }));
  // 100, 200, 400 and 800 ms
  CHECK(std::chrono::steady_clock::now() - started >= 1500ms);
}

TEST_CASE("a program that has a request when the pool goes ends after it") {
  auto on = std::make_shared<stage>();
  process::program_keeper keeper;
  boost::asio::io_context loop{1};
  std::optional<pool::lease> lease;
  {
    pool workers(keeper, rules(1), std::make_unique<fake_starter>(on));
    std::promise<void> started;
    workers.start([&](auto const&) { started.set_value(); });
    started.get_future().get();
    lease = workers.acquire_now(loop.get_executor());
    REQUIRE(lease);
  }
  char byte = 0;
  CHECK(::recv(on->program(0)->theirs.get(), &byte, 1, MSG_DONTWAIT) == -1);
  lease->give_back();
  CHECK(eventually([&] {
    loop.restart();
    loop.poll();
    return ::recv(on->program(0)->theirs.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }));
}

TEST_CASE("the end of a program is counted when its pool is gone") {
  auto on = std::make_shared<stage>();
  process::program_keeper keeper;
  {
    pool workers(keeper, rules(2), std::make_unique<fake_starter>(on));
    std::promise<void> started;
    workers.start([&](auto const&) { started.set_value(); });
    started.get_future().get();
  }
  CHECK(keeper.running() == 2);
  CHECK(eventually([&] { return on->program(0)->retired && on->program(1)->retired; }));
  for (std::size_t i = 0; i < 2; ++i)
    boost::asio::post(keeper.get_executor(), [one = on->program(i)] { one->end(); });
  CHECK(eventually([&] { return keeper.running() == 0; }));
}

TEST_CASE("a program that makes its own connections is leased without one") {
  fixture f(rules(1, 10));
  f.on->connect = true;
  REQUIRE_FALSE(f.start());
  auto first = f.workers.acquire_now(f.loop.get_executor());
  REQUIRE(first);
  CHECK(first->program() == f.on->program(0));
  CHECK_FALSE(f.workers.acquire_now(f.loop.get_executor()));
  first->give_back();
  auto second = f.workers.acquire_now(f.loop.get_executor());
  REQUIRE(second);
  second->give_up();
  CHECK(eventually([&] { return f.on->program(0)->stopped && f.on->count() == 2; }));
  CHECK(f.on->program(0)->retired);
}

TEST_CASE("requests of several threads each get a program for themselves") {
  fixture f(rules(2, 1000));
  REQUIRE_FALSE(f.start());
  std::atomic<int> answered = 0;
  std::atomic<int> busy[2] = {0, 0};
  auto const work = [&] {
    boost::asio::io_context loop{1};
    auto const client = [&](boost::asio::io_context& mine) -> base::task<void> {
      for (int n = 0; n < 200; ++n) {
        auto got = co_await f.workers.acquire(mine.get_executor(), 10s, [](auto const&) {});
        if (!got.program) continue;
        auto& taken = busy[got.program.program()->pid() - 1000];
        CHECK(taken.fetch_add(1) == 0);
        co_await boost::asio::post(mine, boost::asio::use_awaitable_t<base::executor>());
        --taken;
        ++answered;
      }
    };
    for (int i = 0; i < 4; ++i) boost::asio::co_spawn(loop, client(loop), boost::asio::detached);
    loop.run();
  };
  std::thread one(work);
  std::thread two(work);
  one.join();
  two.join();
  CHECK(answered == 1600);
}

TEST_SUITE_END();
