#include "gatehouse/app/workers.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <thread>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/upstream/kept_connections.hpp"

namespace gatehouse::app {
namespace {

// What throws out of a loop is a lack of memory for what was to be waited for: that has cost what
// was waiting, and the others go on.
void run_to_end(boost::asio::io_context& loop, std::function<void()> const& start) {
  while (true) {
    try {
      start();
      loop.run();
      return;
    } catch (std::exception const& e) {
      base::log::error("event-lost", e.what());
      std::this_thread::sleep_for(base::limits::memory_pause);
    }
  }
}

}  // namespace

// One thread's loop and its connections, which are destroyed before the loop.
struct workers::worker {
  explicit worker(std::shared_ptr<net::service const> first)
      : connections(loop.get_executor(), std::move(first)), keep_running(loop.get_executor()) {
    // A loop opens its epoll descriptor with its first timer or socket: here, and not when a crowd
    // of clients has left no descriptor to open.
    base::timer const first_timer(loop.get_executor());
    upstream::kept_connections::of(loop.get_executor()).begin(loop.get_executor());
  }

  // Only its own thread touches its sockets and pipes; others post to it.
  boost::asio::io_context loop{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  net::connection_set connections;
  boost::asio::executor_work_guard<base::executor> keep_running;
};

workers::workers(unsigned count, std::shared_ptr<net::service const> const& first) {
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<worker>(first));
}

workers::~workers() = default;

base::executor workers::main_executor() const {
  return workers_.front()->loop.get_executor();
}

std::vector<net::connection_set*> workers::sets() const {
  std::vector<net::connection_set*> out;
  for (auto const& w : workers_) out.push_back(&w->connections);
  return out;
}

std::size_t workers::connections() const {
  std::size_t sum = 0;
  for (auto const& w : workers_) sum += w->connections.size();
  return sum;
}

void workers::run(std::function<void()> const& start) {
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    threads.emplace_back([&loop = workers_[i]->loop] { run_to_end(loop, [] {}); });
  }
  run_to_end(workers_.front()->loop, start);
  for (auto& thread : threads) thread.join();
}

void workers::stop() {
  for (auto const& w : workers_) w->keep_running.reset();
  for (auto const& w : workers_) w->loop.stop();
}

void workers::on_each_set(std::function<void(net::connection_set&)> const& action) {
  for (auto const& w : workers_) {
    ++pending_actions_;
    boost::asio::post(w->loop.get_executor(), [this, &set = w->connections, action] {
      action(set);
      --pending_actions_;
    });
  }
}

base::task<bool> workers::connections_end_within(std::chrono::steady_clock::duration limit) {
  base::timer pause(main_executor());
  auto const until = std::chrono::steady_clock::now() + limit;
  while (true) {
    pause.expires_after(base::limits::stop_look_interval);
    co_await pause.async_wait(base::as_result);
    // A thread that has not come to its last action may have connections before it that count
    // nowhere yet.
    if (pending_actions_ == 0 && connections() == 0) co_return true;
    if (std::chrono::steady_clock::now() >= until) co_return false;
  }
}

}  // namespace gatehouse::app
