#pragma once
// Accepts connections and spreads them over the threads, one after the other.

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <exception>
#include <list>
#include <string_view>
#include <vector>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/net/connection.hpp"

namespace gatehouse::net {

// The connections of one thread. Used on that thread only.
class connection_set {
 public:
  connection_set(base::executor ex, std::shared_ptr<service const> shared)
      : executor_(ex), shared_(std::move(shared)) {}

  // Serves an accepted connection until it ends. Does not suspend.
  void serve(base::unique_fd accepted, boost::asio::ip::tcp const& protocol);

  // See connection. After serve_with() and wind_down() new connections are served accordingly;
  // after finish_soon() they are not taken.
  void serve_with(std::shared_ptr<service const> const& other);
  void wind_down();
  void finish_soon();
  void cut();

  // How many connections there are; may be asked from any thread.
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  base::executor get_executor() const { return executor_; }

 private:
  class farewell;
  void ended(std::list<connection>::iterator it, std::exception_ptr const& failure);
  void taken_down(std::list<connection>::iterator it, std::string_view why) noexcept;

  base::executor executor_;
  std::shared_ptr<service const> shared_;  // with the connections, see service
  std::list<connection> connections_;
  std::atomic<std::size_t> size_ = 0;
  bool winding_down_ = false;
  bool finishing_ = false;
};

class listener {
 public:
  // sets: one for each thread; they outlive the listener.
  listener(base::executor ex, std::vector<connection_set*> sets);

  // Binds and listens. An error is one of the system's (address in use, ...).
  base::error_code open(boost::asio::ip::tcp::endpoint const& where);

  // Takes over a socket that listens already. invalid_argument: it is no TCP socket that does.
  base::error_code adopt(base::unique_fd listening);

  // The socket, still owned here, for a successor to adopt a copy of; -1 when there is none.
  int native_handle() { return acceptor_.is_open() ? acceptor_.native_handle() : -1; }

  // Where it listens, with the real port.
  boost::asio::ip::tcp::endpoint endpoint() const;

  // Accepts until stop() is called. Out of descriptors it waits a moment instead of spinning. To be
  // called again after an exception left the loop, see base::keep_going.
  void start();

  void stop();

 private:
  using acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, base::executor>;
  base::task<void> run();
  base::error_code accept_while_there_is_memory();
  base::error_code accept_waiting();

  acceptor acceptor_;
  boost::asio::ip::tcp protocol_ = boost::asio::ip::tcp::v4();
  std::size_t next_ = 0;  // the set that gets the next connection
  base::timer pause_;
  std::vector<connection_set*> sets_;
  bool running_ = false;
  bool stopped_ = false;
};

}  // namespace gatehouse::net
