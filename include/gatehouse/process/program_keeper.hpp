#pragma once
// The thread that looks after the programs that the server keeps: it starts them, reads what they
// write on their standard error, notices their end and replaces them. All pools share it, of every
// configuration, so that requests never wait for such work.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "gatehouse/base/task.hpp"

namespace gatehouse::process {

class program_keeper {
 public:
  // What a pool has to hear: that the server stops, and that something may have been lost because
  // there was no memory for it, so that it has to look after all of its programs. Called on the
  // keeper's thread.
  class kept {
   public:
    virtual ~kept() = default;
    virtual void close() = 0;
    virtual void kill() = 0;
    virtual void look() = 0;
    // Nothing is looked after any more. Not on the keeper's thread, which has ended.
    virtual void let_go() = 0;
  };

  program_keeper();
  program_keeper(program_keeper const&) = delete;
  program_keeper& operator=(program_keeper const&) = delete;
  ~program_keeper();

  // Looks after nothing any more. While the loops of other threads are still there, because it
  // posts to them. What still runs ends when what is left of its pool goes.
  void stop();

  base::executor get_executor() { return loop_.get_executor(); }

  // From now on, the pool hears when the server stops. Any thread.
  void add(std::weak_ptr<kept> pool);

  // Has all pools end their programs, or kill what is left of them. Any thread; does not wait.
  void close_all();
  void kill_all();

  // How many programs there are that run, or are being started. Any thread.
  std::size_t running() const { return running_; }
  void began() { ++running_; }
  void ended() { --running_; }

 private:
  void run();
  void on_each(void (kept::*action)());

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<base::executor> keep_running_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<kept>> pools_;
  std::atomic<std::size_t> running_ = 0;
  std::thread thread_;
};

}  // namespace gatehouse::process
