#pragma once
// The client's socket: the one place that reads from it and writes to it, with a read buffer and a
// deadline for each direction. When a deadline passes, every operation on the socket ends with
// errc::timed_out.

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"

namespace gatehouse::net {

using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, base::executor>;
using duration = std::chrono::steady_clock::duration;

class client_stream {
 public:
  client_stream(tcp_socket socket, std::size_t buffer_limit_bytes);

  tcp_socket& socket() { return socket_; }

  // What has been read and not consumed.
  std::string_view buffered() const;
  void consume(std::size_t bytes) { buffer_.consume(bytes); }

  // How much the buffer may hold from now on; what it holds already stays.
  void limit_buffer(std::size_t bytes);

  // Suspends until there is something to read, or the end of the stream, for at most `limit`.
  // Meanwhile an empty buffer takes no memory.
  base::task<base::error_code> wait_for_input(duration limit);

  // Reads what is there into the buffer, which must not be full: how many bytes came, 0 at the end
  // of the stream, nothing if none are there. Does not suspend.
  base::result<std::optional<std::size_t>> fill_at_once();

  // Reads more into the buffer: how many bytes came, 0 at the end of the stream. The buffer must
  // not be full. Suspends for at most `limit`.
  base::task<base::result<std::size_t>> fill(duration limit);

  // Reads past the buffer, which must be empty: at least one byte, or 0 at the end of the stream.
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer into, duration limit);

  // Moves at most that many bytes from behind the buffer, which must be empty, into a non-blocking
  // pipe with splice(2): at least one byte, or 0 if none can go this way and read_some() has to
  // tell why (the end of the stream, a failure at either end, urgent data). While the pipe is full
  // it gives resource_unavailable_try_again. Suspends until bytes are there, for at most `limit`.
  base::task<base::result<std::size_t>> splice_some(int pipe, std::uint64_t at_most,
                                                    duration limit);

  // Writes what the socket takes now: how many bytes, 0 also on an error, which the next write
  // gives. If more follows at once, the kernel may send it in the same packet. Does not suspend.
  enum class more_follows : bool {};
  std::size_t write_at_once(std::string_view bytes, more_follows more = more_follows{false});
  std::size_t write_at_once(std::span<boost::asio::const_buffer const> buffers);

  // Writes all of it; each piece of progress gets a new `limit`. Adds what was written to
  // `written`, also on failure. The buffers are the caller's and are advanced as they are sent.
  base::task<base::error_code> write(std::span<boost::asio::const_buffer> buffers, duration limit,
                                     std::uint64_t& written);

  // Sends length bytes of a file from offset with sendfile(2). A file that has become shorter gives
  // errc::truncated.
  base::task<base::error_code> send_file(int fd, std::uint64_t offset, std::uint64_t length,
                                         duration limit, std::uint64_t& written);

  // Writes a few bytes now or fails; for an interim response while nothing else is being written.
  base::error_code write_now(std::string_view bytes);

  // Ends every pending operation with errc::stopped; for a server that stops.
  void cancel();

  // Our side is done; the client may go on reading what was sent.
  void shutdown_send();
  void close();

  // close() will reset the connection: an answer without a length whose end is missing would
  // otherwise look whole (RFC 9112, 8).
  void reset_on_close();

 private:
  std::size_t waiting();
  base::error_code understood(boost::system::error_code const& ec) const;

  tcp_socket socket_;
  boost::beast::flat_buffer buffer_;
  base::deadline read_deadline_;
  base::deadline write_deadline_;
};

}  // namespace gatehouse::net
