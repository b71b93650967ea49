#pragma once
// A connection to an application that runs elsewhere, on one thread's event loop. It may carry one
// request after the other; what is dear to make (the registration with the loop, the deadline) is
// kept with it.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/upstream/application.hpp"

namespace gatehouse::upstream {

// Sending failed so because the application has closed the connection.
inline bool is_closed_by_peer(base::error_code const& why) {
  using boost::system::errc::errc_t;
  return why == errc_t::broken_pipe || why == errc_t::connection_reset;
}

class connection {
 public:
  // To one place of the application. Nothing is connected yet.
  connection(base::executor ex, std::shared_ptr<application> to, std::size_t place);
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  ~connection();

  enum class connecting { done, pending };
  // Begins to connect. Errors are those of socket(2) and
  // connect(2); EAGAIN says that the backlog of a Unix socket is full.
  base::result<connecting> begin_connect();
  // Suspends until it is done. Errors: the same, and operation_aborted after cancel().
  base::task<base::error_code> connected();

  // Takes a connection to the place that was made before, and may have been closed since, as one
  // that was kept may. Errors are the system's.
  base::error_code adopt(base::unique_fd connected);

  // Both do not suspend, and give nothing where the socket is not ready. 0 bytes received are the
  // end. After an error of send_now() the connection knows that it cannot send.
  base::result<std::optional<std::size_t>> send_now(std::string_view bytes);
  base::result<std::optional<std::size_t>> receive_now(boost::asio::mutable_buffer into);

  // Both suspend; operation_aborted after cancel().
  auto send(std::string_view bytes) {
    return socket_.async_send(boost::asio::buffer(bytes), base::as_result);
  }
  auto receive(boost::asio::mutable_buffer into) {
    return socket_.async_receive(into, base::as_result);
  }
  void cancel();
  // As receive(), and stop_receiving() ends it, too, while what is being sent goes on.
  auto receive_until_stopped(boost::asio::mutable_buffer into) {
    return socket_.async_receive(
        into, boost::asio::bind_cancellation_slot(receiving_.slot(), base::as_result));
  }
  void stop_receiving() { receiving_.emit(boost::asio::cancellation_type::all); }

  // Calls on_expiry after that time, unless it is set anew or cleared before.
  void set_deadline(std::chrono::steady_clock::duration limit) { deadline_.set(limit); }
  void clear_deadline() { deadline_.clear(); }
  void when_late(std::function<void()> on_expiry) { on_expiry_ = std::move(on_expiry); }

  // The application has closed it, or sent what nobody asked for.
  bool is_spoiled();

  // The peer is a process of this machine, which has not read all that was sent, nor sent anything.
  bool awaits_reader();
  // The application has closed it, and nothing that it sent is left to be received.
  bool has_ended();

  // No answer is wanted any more: who writes one finds that out as if this were closed.
  void receive_no_more();
  // Nothing more will be sent.
  void send_no_more();
  // After receive_no_more(): suspends until the application has closed it, for at most `limit`;
  // gives whether it has.
  base::task<bool> closed_within(std::chrono::steady_clock::duration limit);

  // Sending has failed, so that nothing more can be sent. What came before can still be received.
  void cannot_send(base::error_code const& why) { unsent_ = why; }
  bool can_send() const { return !unsent_; }

  // After the end or an error came instead of more: whether all is there that the application
  // wrote.
  bool came_whole(base::error_code const& why) const;

  // After the end or an error came instead of an answer: whether what was sent last did not reach
  // the application, or not all of it, because that had closed the connection before.
  bool was_closed_before(base::error_code const& why);

  // It carried an answer already.
  bool was_used() const { return used_; }
  // It did, or was taken over: who is behind it has turned to it, and may have closed it since.
  bool was_idle() const { return used_ || adopted_; }
  // A request begins on it, or has ended.
  void begin_request();
  void end_request();

  application& to() const { return *to_; }
  std::size_t place() const { return place_; }
  base::executor get_executor() { return socket_.get_executor(); }

 private:
  using socket =
      boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, base::executor>;

  std::shared_ptr<application> to_;
  std::size_t place_;
  socket socket_;
  boost::asio::cancellation_signal receiving_;
  base::error_code unsent_;
  bool used_ = false;
  bool adopted_ = false;
  bool busy_ = false;
  std::function<void()> on_expiry_;
  base::deadline deadline_;
};

}  // namespace gatehouse::upstream
