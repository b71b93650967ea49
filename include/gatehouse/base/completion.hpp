#pragma once
// A completion handler of a coroutine that is called for certain. Without memory for an
// asynchronous wait, Asio destroys the coroutine that waits, and destroys its completion handler
// without calling it: this one's destructor calls then what it would have called.

#include <exception>
#include <utility>

namespace gatehouse::base {

// End is called once, with whether the coroutine has failed.
template <class End>
class completion {
 public:
  explicit completion(End end) : end_(std::move(end)) {}
  completion(completion&& other) noexcept
      : end_(std::move(other.end_)), pending_(std::exchange(other.pending_, false)) {}
  completion(completion const&) = delete;
  completion& operator=(completion const&) = delete;
  ~completion() {
    if (pending_) end_(true);
  }
  void operator()(std::exception_ptr const& failure) {
    pending_ = false;
    end_(failure != nullptr);
  }

 private:
  End end_;
  bool pending_ = true;
};

}  // namespace gatehouse::base
