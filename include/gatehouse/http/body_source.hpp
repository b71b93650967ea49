#pragma once
// Bytes that come as they are produced: a request body from a client, or a response body from a
// script. Pulled, so that a slow reader slows the producer and nothing piles up in between.

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

  // Suspends until at least one byte is there and gives how many were put into buffer (not empty),
  // 0 at the end of the body, or a base::errc. After the end or an error it is not called again,
  // unless the error is errc::stopped: then nothing was taken. buffer stays the caller's.
  virtual base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) = 0;

  // Moves the next bytes into a non-blocking pipe without copying them, where a source can do that.
  // Suspends until there are some and gives how many went; 0 if none can go this way, and read_some
  // has to be called, which also tells of the end and of what is wrong. Errors: those of read_some,
  // and resource_unavailable_try_again while the pipe is full. pipe stays the caller's.
  virtual base::task<base::result<std::size_t>> splice_some(int pipe) {
    static_cast<void>(pipe);
    co_return std::size_t{0};
  }

  // How many bytes read_some can give right now without suspending; 0 when that is not known.
  virtual std::size_t at_hand() const { return 0; }

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
