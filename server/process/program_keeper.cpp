#include "gatehouse/process/program_keeper.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <thread>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::process {

program_keeper::program_keeper()
    : keep_running_(loop_.get_executor()), thread_([this] { run(); }) {}

program_keeper::~program_keeper() {
  stop();
}

void program_keeper::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop_, [this] { loop_.stop(); });
  thread_.join();
  for (auto const& one : std::exchange(pools_, {})) {
    if (auto const alive = one.lock()) alive->let_go();
  }
}

void program_keeper::add(std::weak_ptr<kept> pool) {
  std::lock_guard const lock(mutex_);
  std::erase_if(pools_, [](auto const& one) { return one.expired(); });
  pools_.push_back(std::move(pool));
}

void program_keeper::close_all() {
  boost::asio::post(loop_, [this] { on_each(&kept::close); });
}

void program_keeper::kill_all() {
  boost::asio::post(loop_, [this] { on_each(&kept::kill); });
}

// What throws out of the loop is a lack of memory: whatever was to happen then, the pools find out
// by looking.
void program_keeper::run() {
  bool lost = false;
  while (true) {
    try {
      if (lost) on_each(&kept::look);
      lost = false;
      loop_.run();
      return;
    } catch (std::exception const& e) {
      lost = true;
      base::log::error("event-lost", e.what());
      std::this_thread::sleep_for(base::limits::memory_pause);
    }
  }
}

void program_keeper::on_each(void (kept::*action)()) {
  std::vector<std::weak_ptr<kept>> all;
  {
    std::lock_guard const lock(mutex_);
    all = pools_;
  }
  for (auto const& one : all) {
    if (auto const alive = one.lock()) ((*alive).*action)();
  }
}

}  // namespace gatehouse::process
