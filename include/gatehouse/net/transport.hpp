#pragma once
// What carries a client's bytes, and all that is asked of it: a socket, of TCP or, within this
// machine, a Unix one. Whatever stands between the socket and the bytes (TLS) belongs here, and
// nothing above asks for it. One final class and not an interface: a plain connection pays for no
// virtual call. Deadlines and buffers are client_stream's.

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"

namespace gatehouse::net {

using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, base::executor>;

class transport final {
 public:
  explicit transport(tcp_socket socket) : socket_(std::move(socket)) {}

  tcp_socket& socket() { return socket_; }
  base::executor get_executor() { return socket_.get_executor(); }

  // Each write leaves at once, and no call waits.
  void prepare();

  // What is there to be read: how many bytes, 0 at the end of the stream, nothing if there are none
  // yet. Does not suspend.
  base::result<std::optional<std::size_t>> read_at_once(boost::asio::mutable_buffer into);

  // Takes what it can take now of these buffers, at most four: how many bytes, 0 also on an error,
  // which the next write gives. If more follows at once, it may leave in the same packet. Does not
  // suspend.
  enum class more_follows : bool {};
  std::size_t write_at_once(boost::asio::const_buffer bytes, more_follows more);
  std::size_t write_at_once(std::span<boost::asio::const_buffer const> buffers);

  // Moves bytes into a non-blocking pipe (splice(2)), or of a file to the client (sendfile(2)).
  base::result<std::size_t> move_to_pipe(int pipe, std::size_t at_most);
  base::result<std::size_t> move_from_file(int file, off_t& at, std::size_t at_most);

  // These suspend until there is something to be read, or room to write, or a failure.
  base::task<std::tuple<base::error_code>> wait_readable();
  base::task<std::tuple<base::error_code>> wait_readable(boost::asio::cancellation_slot until);
  base::task<std::tuple<base::error_code>> wait_writable();
  // These suspend until some bytes were moved; eof is the end of the stream.
  base::task<std::tuple<base::error_code, std::size_t>> read_some(boost::asio::mutable_buffer into);
  base::task<std::tuple<base::error_code, std::size_t>> write_some(
      std::span<boost::asio::const_buffer> buffers);

  // Reads, and calls handler(error_code, size) from the event loop. The buffer stays in place.
  template <class Handler>
  void read_some_then(boost::asio::mutable_buffer into, Handler handler) {
    socket_.async_read_some(into, std::move(handler));
  }

  // How many bytes wait to be read, and how many were sent and are not acknowledged yet (tcp(7),
  // SIOCOUTQ); nothing if that cannot be known.
  std::size_t unread() const;
  std::optional<std::uint64_t> unacknowledged() const;

  // Whether the client is still there, seen also behind bytes that nobody has read.
  enum class presence { here, closed_its_side, gone };
  presence look() const;

  // How much may wait to be sent beside what is on its way (tcp(7), TCP_NOTSENT_LOWAT). No loss
  // where there is no such limit.
  void limit_unsent(std::size_t bytes);

  // Ends every pending operation with operation_aborted.
  void cancel();
  // Our side is done; the client may go on reading what was sent.
  void shutdown_send();
  // close() will be a reset: what was not sent yet is dropped.
  void reset_on_close();
  void close();

 private:
  int fd() const;

  tcp_socket socket_;
};

}  // namespace gatehouse::net
