#pragma once
// How many scripts run at once, over all threads, and who waits for a place: first come, first
// served, in a bounded queue.

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "gatehouse/base/task.hpp"
#include "gatehouse/gateway/failures.hpp"

namespace gatehouse::cgi {

class script_slots {
 public:
  script_slots(std::size_t running_limit, std::size_t queue_limit);

  // Other limits from now on. Whoever has a place or waits for one keeps it. Thread-safe.
  void resize(std::size_t running_limit, std::size_t queue_limit);

  // A place, given back by the destructor. Thread-safe, outlived by the slots.
  class slot {
   public:
    slot() = default;
    explicit slot(script_slots& from) : from_(&from) {}
    slot(slot&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
    slot& operator=(slot&& other) noexcept {
      std::swap(from_, other.from_);
      return *this;
    }
    ~slot() {
      if (from_ != nullptr) from_->give_back();
    }

   private:
    script_slots* from_ = nullptr;
  };

  using refusal = gateway::queue_refusal;
  struct outcome {
    std::optional<slot> place;
    refusal why = refusal::queue_full;  // if there is no place
  };

  // Suspends until there is a place, for at most `limit`. on_wait is called if it has to wait, with
  // an action that gives the wait up (to be called on ex's thread). What it throws is passed on,
  // and no place is lost by it.
  base::task<outcome> acquire(base::executor ex, std::chrono::steady_clock::duration limit,
                              std::function<void(std::function<void()>)> on_wait);

  // How many wait for a place; any thread may look.
  std::atomic<std::size_t> const& waiting() const { return waiting_; }

 private:
  struct waiter;
  struct queued;
  void give_back();
  void fill_places();

  std::mutex mutex_;
  std::size_t running_limit_;
  std::size_t queue_limit_;
  std::size_t running_ = 0;
  std::deque<std::shared_ptr<waiter>> queue_;
  std::atomic<std::size_t> waiting_ = 0;  // the size of queue_
};

}  // namespace gatehouse::cgi
