#pragma once
// The client's bytes as a session sees them: the one place that reads and writes them, with a read
// buffer and a deadline for each direction, whatever carries them (net/transport.hpp). When a
// deadline passes, every operation on the client ends with errc::timed_out; when the client is too
// slow for the least rate, with errc::too_slow.

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/net/allowance.hpp"
#include "gatehouse/net/transport.hpp"

namespace gatehouse::net {

using duration = std::chrono::steady_clock::duration;

class client_stream {
 public:
  // rule: held to in reading and in writing, each by itself; what ends by it ends with too_slow.
  client_stream(tcp_socket socket, std::size_t buffer_limit_bytes, rate_rule rule = {});

  base::executor get_executor() { return carrier_.get_executor(); }
  transport& carrier() { return carrier_; }

  // Another rule from now on. Between two exchanges.
  void hold_to(rate_rule rule);

  // An exchange begins: the client has the whole grace of its rule again.
  void begin_exchange();

  // While others queue for what the exchange holds (queue_length is not 0), the time that the
  // client is waited for counts limits::contention_factor times. Null: nobody can.
  void note_contention(std::atomic<std::size_t> const* queue_length) {
    queue_length_ = queue_length;
  }

  // What has been read and not consumed.
  std::string_view buffered() const;
  void consume(std::size_t bytes) { buffer_.consume(bytes); }

  // How much the buffer may hold from now on; what it holds already stays.
  void limit_buffer(std::size_t bytes);

  // Between exchanges, when nothing is due and the wait is not held against the client: reads what
  // comes next into the buffer and then calls handler(error_code), from the event loop. The end of
  // the stream is errc::client_gone. Meanwhile an empty buffer takes
  // limits::idle_buffer_bytes and no more.
  template <class Handler>
  void await_request(duration limit, Handler handler) {
    auto const room = begin_idle_wait(limit);
    carrier_.read_some_then(room, [this, handler = std::move(handler)](base::error_code const& ec,
                                                                       std::size_t size) mutable {
      handler(end_idle_wait(ec, size));
    });
  }

  // Reads what is there into the buffer, which must not be full: how many bytes came, 0 at the end
  // of the stream, nothing if none are there. Does not suspend.
  base::result<std::optional<std::size_t>> fill_at_once();

  // Reads more into the buffer: how many bytes came, 0 at the end of the stream. The buffer must
  // not be full. Suspends for at most `limit`.
  base::task<base::result<std::size_t>> fill(duration limit);

  // Reads past the buffer, which must be empty: at least one byte, or 0 at the end of the stream.
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer into, duration limit);

  // Reads and drops what the client goes on sending, until it ends, is silent for so long, or the
  // time is over. Suspends.
  base::task<void> drop_input(duration silence, duration in_all);

  // Moves at most that many bytes from behind the buffer, which must be empty, into a non-blocking
  // pipe with splice(2): at least one byte, or 0 if none can go this way and read_some() has to
  // tell why (the end of the stream, a failure at either end, urgent data). While the pipe is full
  // it gives resource_unavailable_try_again. Suspends until bytes are there, for at most `limit`.
  base::task<base::result<std::size_t>> splice_some(int pipe, std::uint64_t at_most,
                                                    duration limit);

  // Writes what the client's carrier takes now: how many bytes, 0 also on an error, which the next
  // write gives. If more follows at once, it may leave in the same packet. Does not suspend.
  using more_follows = transport::more_follows;
  std::size_t write_at_once(std::string_view bytes, more_follows more = more_follows{false});
  std::size_t write_at_once(std::span<boost::asio::const_buffer const> buffers);

  // Writes all of it; each piece of progress gets a new `limit`, and so does what the client takes
  // from the kernel meanwhile. Adds what was written to `written`, also on failure. The buffers are
  // the caller's and are advanced as they are sent. Fails with too_slow when the client takes
  // nothing for so long, or less than the least rate.
  base::task<base::error_code> write(std::span<boost::asio::const_buffer> buffers, duration limit,
                                     std::uint64_t& written);

  // Sends length bytes of a file from offset with sendfile(2). A file that has become shorter gives
  // errc::truncated. waits, unless it is empty, is called before each wait for the client.
  base::task<base::error_code> send_file(int fd, std::uint64_t offset, std::uint64_t length,
                                         duration limit, std::uint64_t& written,
                                         std::function<void()> const& waits = {});

  // Writes a few bytes now or fails; for an interim response while nothing else is being written.
  base::error_code write_now(std::string_view bytes);

  // Ends every pending operation with errc::stopped; for a server that stops.
  void cancel() { carrier_.cancel(); }

  // Whether a write ended with too_slow, because it was the client's reading that was slow: slower
  // than the least rate, or it took nothing for as long as the write may wait.
  enum class slow_reader { no, below_rate, takes_nothing };
  slow_reader reader_was_slow() const { return reader_was_slow_; }
  // The reason code of an answer that ended with too_slow.
  std::string_view slow_reason() const;

  // That the client has left, as it is seen now; the first sight counts.
  http::departure const& note_departure(bool closed_its_side);
  // How the client left; if nobody has seen it before, as it looks now.
  http::departure const& departure();

  // Our side is done; the client may go on reading what was sent.
  void shutdown_send() { carrier_.shutdown_send(); }
  // close() will be a reset: what was not sent yet is dropped. An answer without a length whose end
  // is missing would otherwise look whole (RFC 9112, 8).
  void reset_on_close() { carrier_.reset_on_close(); }
  void close() { carrier_.close(); }

 private:
  using time_point = std::chrono::steady_clock::time_point;

  // Reading or writing: one wait at a time, its deadline, and what the client has left for it.
  struct direction {
    direction(base::executor ex, std::function<void()> on_deadline, rate_rule rule)
        : deadline(ex, std::move(on_deadline)), left(rule) {}

    base::deadline deadline;
    allowance left;
    duration limit{};       // of the wait
    time_point ends{};      // when that is over
    time_point seen{};      // up to when the wait is accounted for
    bool is_due = false;    // the wait is held against the client
    bool too_slow = false;  // it was the allowance that was used up, and not the limit
  };

  direction& writing();
  base::task<base::error_code> wait_for_input(duration limit);
  boost::asio::mutable_buffer begin_idle_wait(duration limit);
  base::error_code end_idle_wait(boost::system::error_code const& ec, std::size_t size);
  enum class is_due : bool {};
  void begin_wait(direction& d, duration limit, is_due due);
  base::error_code end_wait(direction& d, boost::system::error_code const& ec);
  bool has_used_up(direction& d);
  void account(direction& d);
  duration time_left(direction const& d) const;
  void go_on_or_cancel(direction& d);
  void trust_reader();
  void on_read_deadline();
  void on_write_deadline();
  std::uint64_t taken_since_last_look();
  base::error_code understood(boost::system::error_code const& ec) const;

  transport carrier_;
  boost::beast::flat_buffer buffer_;
  direction reading_;
  std::unique_ptr<direction> writing_;  // from the first wait; most answers go without one
  std::uint64_t handed_over_ = 0;       // bytes that the kernel has been given
  std::uint64_t taken_ = 0;             // and the client was known to have taken at the last look
  std::atomic<std::size_t> const* queue_length_ = nullptr;
  slow_reader reader_was_slow_ = slow_reader::no;
  bool reader_is_trusted_ = false;  // with as much in the kernel's buffer as it likes
  std::optional<http::departure> departure_;
};

}  // namespace gatehouse::net
