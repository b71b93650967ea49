#pragma once
// A connected stream socket to a program that is asked requests, on one thread's event loop, with a
// deadline that is made once and not for each request.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::base {

class stream_socket {
 public:
  explicit stream_socket(executor ex);
  stream_socket(stream_socket const&) = delete;
  stream_socket& operator=(stream_socket const&) = delete;

  // Takes a socket of this family (AF_UNIX), makes it non-blocking, and registers it with the loop.
  // Errors are the system's; the descriptor is closed then.
  error_code assign(unique_fd fd, int family);

  // Both do not suspend, and give nothing where the socket is not ready. 0 bytes received are the
  // end. Errors are those of send(2) and recv(2).
  result<std::optional<std::size_t>> send_now(std::string_view bytes);
  result<std::optional<std::size_t>> receive_now(boost::asio::mutable_buffer into);

  // These suspend, or call what the token says; operation_aborted after cancel() and close().
  template <class Token>
  auto receive(boost::asio::mutable_buffer into, Token&& token) {
    return socket_.async_receive(into, std::forward<Token>(token));
  }
  auto wait_writable() { return socket_.async_wait(socket::wait_write, as_result); }
  void cancel();
  void close();
  executor get_executor() { return socket_.get_executor(); }

  // Calls when_late()'s action after that time, unless it is set anew or cleared before.
  void set_deadline(std::chrono::steady_clock::duration limit) { deadline_.set(limit); }
  void clear_deadline() { deadline_.clear(); }
  void when_late(std::function<void()> action) { on_expiry_ = std::move(action); }

 private:
  using socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, executor>;
  void expired();

  socket socket_;
  std::function<void()> on_expiry_;
  deadline deadline_;
};

}  // namespace gatehouse::base
