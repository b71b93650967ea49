#pragma once
// A number of bytes of which many hold parts: what all of them together may take.

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace gatehouse::base {

class budget {
 public:
  explicit budget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}

  // Another limit from now on. What is held stays so. Thread-safe.
  void resize(std::uint64_t limit_bytes) { limit_ = limit_bytes; }

  // What one holds, given back by the destructor; keeps the budget alive.
  class part {
   public:
    part() = default;
    explicit part(std::shared_ptr<budget> from) : from_(std::move(from)) {}
    part(part&& other) noexcept
        : from_(std::move(other.from_)), bytes_(std::exchange(other.bytes_, 0)) {}
    part& operator=(part&& other) noexcept {
      std::swap(from_, other.from_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~part() {
      if (from_) from_->held_ -= bytes_;
    }

    // Holds so many more; false if there are not so many left, and then as many as before.
    // Thread-safe beside other parts. Not for a part of no budget.
    bool grow(std::uint64_t bytes) {
      if (from_->held_.fetch_add(bytes) + bytes > from_->limit_) {
        from_->held_ -= bytes;
        return false;
      }
      bytes_ += bytes;
      return true;
    }

   private:
    std::shared_ptr<budget> from_;
    std::uint64_t bytes_ = 0;
  };

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> held_ = 0;
};

}  // namespace gatehouse::base
