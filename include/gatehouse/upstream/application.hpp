#pragma once
// An application that runs elsewhere, at one or several addresses, as all threads share it: which
// address gets the next request, which one rests because it failed, and who waits for it.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "gatehouse/base/task.hpp"
#include "gatehouse/upstream/address.hpp"

namespace gatehouse::upstream {

class application : public std::enable_shared_from_this<application> {
 public:
  // At least one endpoint.
  explicit application(std::vector<endpoint> at);
  application(application const&) = delete;
  application& operator=(application const&) = delete;

  std::size_t size() const { return places_.size(); }
  endpoint const& at(std::size_t index) const { return places_[index].where; }

  // The place for a new request: of those that do not rest and are not in `tried` the one with the
  // fewest requests, else the one that rests no longer than the others. Nothing when all were
  // tried; those behind the end of `tried` were not. Thread-safe, as is everything here.
  std::optional<std::size_t> choose(std::vector<bool> const& tried);

  // A request begins or ends at a place.
  void begin(std::size_t index) { ++places_[index].requests; }
  void end(std::size_t index) { --places_[index].requests; }

  // A place could be reached, or not. One that could not rests for a time that grows with each
  // failure, up to limits::longest_rest, and the log says so. The only place never rests, nor does
  // one that is only busy (EAGAIN), or that a shortage of ours has kept from being reached.
  void succeeded(std::size_t index);
  void failed(std::size_t index, base::error_code const& why);

  // Until when it rests; in the past if it does not.
  std::chrono::steady_clock::time_point rests_until(std::size_t index) const;

  // A request waits until a process of the application turns to its connection, which is new, and
  // nobody has for longer than it takes where one is free (limits::worker_wait). While there is
  // such a request, no other connection is kept: an idle one would occupy the process that it waits
  // for, if that serves one connection at a time.
  class waiting {
   public:
    waiting() = default;
    explicit waiting(application& of) : of_(&of) { ++of.waiting_; }
    waiting(waiting&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    waiting& operator=(waiting&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~waiting() {
      if (of_ != nullptr) --of_->waiting_;
    }

   private:
    application* of_ = nullptr;
  };
  bool is_waited_for() const { return waiting_ > 0; }

  // A thread keeps idle connections from now on, or not any more. yield is called on that thread
  // and closes one that leads to the place, or all.
  struct keeper {
    base::executor executor;
    std::function<void(std::optional<std::size_t> place)> yield;
  };
  void add(keeper one);
  void remove(base::executor const& of);

  // Has each thread that keeps idle connections close one that leads to the place, or all.
  void close_idle(std::optional<std::size_t> place);

 private:
  struct served_place {
    explicit served_place(endpoint at) : where(std::move(at)) {}
    endpoint where;
    std::atomic<std::size_t> requests = 0;
    std::atomic<unsigned> failures = 0;  // in a row
    std::atomic<std::chrono::steady_clock::rep> rests_until = 0;
  };

  std::deque<served_place> places_;
  std::atomic<std::size_t> next_ = 0;  // where the search for the fewest requests begins
  std::atomic<std::size_t> waiting_ = 0;
  std::mutex mutex_;
  std::vector<keeper> keepers_;  // guarded by the mutex
};

}  // namespace gatehouse::upstream
