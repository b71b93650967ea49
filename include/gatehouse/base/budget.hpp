#pragma once
// A quota of bytes that many users share: each takes a part, and all parts together stay within
// the limit. Spooled request bodies share one (--spool-limit), and so do directory listings.

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace gatehouse::base {

class budget {
 public:
  explicit budget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}

  // Sets another limit. Parts that are taken already stay taken, even beyond it. Thread-safe.
  void resize(std::uint64_t limit_bytes) { limit_ = limit_bytes; }

  // What one user has taken. The destructor gives it back. A part keeps its budget alive.
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

    // Takes so many bytes more. Where not so many are left it takes none and returns false. Threads
    // may do this at the same time, each with a part of its own. Must not be called on a part that
    // was made without a budget.
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
