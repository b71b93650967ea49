#include "gatehouse/process/program_keeper.hpp"

#include <boost/asio/post.hpp>
#include <exception>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::process {
namespace {

// What throws out of the loop is a lack of memory for what was to be waited for.
void run_to_end(boost::asio::io_context& loop) {
  while (true) {
    try {
      loop.run();
      return;
    } catch (std::exception const& e) {
      base::log::error("event-lost", e.what());
      std::this_thread::sleep_for(base::limits::memory_pause);
    }
  }
}

}  // namespace

program_keeper::program_keeper()
    : keep_running_(loop_.get_executor()), thread_([this] { run_to_end(loop_); }) {}

program_keeper::~program_keeper() {
  stop();
}

void program_keeper::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop_, [this] { loop_.stop(); });
  thread_.join();
}

void program_keeper::add(std::weak_ptr<kept> pool) {
  std::lock_guard const lock(mutex_);
  std::erase_if(pools_, [](auto const& one) { return one.expired(); });
  pools_.push_back(std::move(pool));
}

void program_keeper::close_all() {
  on_each([](kept& pool) { pool.close(); });
}

void program_keeper::kill_all() {
  on_each([](kept& pool) { pool.kill(); });
}

void program_keeper::on_each(std::function<void(kept&)> const& action) {
  boost::asio::post(loop_, [this, action] {
    std::vector<std::weak_ptr<kept>> all;
    {
      std::lock_guard const lock(mutex_);
      all = pools_;
    }
    for (auto const& one : all) {
      if (auto const alive = one.lock()) action(*alive);
    }
  });
}

}  // namespace gatehouse::process
