#pragma once
// A body that is read while it is being produced: a request body from a client, or a response body
// from a script. The consumer pulls the bytes, so that a slow consumer slows the producer and
// nothing piles up in between.

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"

namespace gatehouse::http {

class body_source {
 public:
  virtual ~body_source() = default;

  // Suspends until there is at least one byte, and returns how many were put into the buffer, which
  // is not empty; 0 at the end of the body. The error is a base::errc. After the end or an error it
  // is not called again, unless the error is errc::stopped, after which no byte is lost. The buffer
  // stays the caller's.
  virtual base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) = 0;

  // Moves the next bytes into a non-blocking pipe without copying them, if the source can do that.
  // Suspends until there are some, and returns how many were moved. 0 means that the next bytes
  // cannot be moved and the caller has to use read_some(), which also reports the end and errors.
  // Errors are those of read_some(), and resource_unavailable_try_again while the pipe is full. The
  // pipe stays the caller's.
  virtual base::task<base::result<std::size_t>> splice_some(int pipe) {
    static_cast<void>(pipe);
    co_return std::size_t{0};
  }

  // How many bytes read_some can return now without suspending; 0 when that is not known.
  virtual std::size_t available() const { return 0; }

  // Whether the body is known to be at its end; may look for that, but does not suspend.
  virtual bool has_ended() { return false; }

  // Ends the work behind the source and suspends until nothing of it touches the exchange any more.
  // The connection awaits it once, last, on every way out. Never fails.
  virtual base::task<void> finish() { co_return; }
};

// The source of a message without content.
class empty_body final : public body_source {
 public:
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer) override {
    co_return std::size_t{0};
  }
};

}  // namespace gatehouse::http
