#pragma once
// One TCP socket that listens. A server has one for each address that it listens on.

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::net {

// A new socket that is bound to the address and listens there. The error is the system's (address
// in use, ...).
base::result<base::unique_fd> listen_at(boost::asio::ip::tcp::endpoint const& where);

// Where a socket is bound.
boost::asio::ip::tcp::endpoint endpoint_of(int socket);

// A connection that was accepted.
struct accepted_client {
  base::unique_fd socket;
  boost::asio::ip::tcp::endpoint from;
  boost::asio::ip::tcp protocol;
};

class listening_socket {
  using acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, base::executor>;

 public:
  explicit listening_socket(base::executor ex) : acceptor_(ex) {}

  // Opens one, see listen_at().
  base::error_code open(boost::asio::ip::tcp::endpoint const& where);

  // Takes over a socket that listens already. invalid_argument: it is no TCP socket that does.
  base::error_code adopt(base::unique_fd listening);

  // Where it listens, with the real port.
  boost::asio::ip::tcp::endpoint endpoint() const;

  // The descriptor, still owned here; -1 after close().
  int native_handle() { return acceptor_.is_open() ? acceptor_.native_handle() : -1; }

  // To be awaited: `auto const [ec] = co_await s.wait()` suspends until a client waits to be
  // accepted, or close() is called.
  auto wait() { return acceptor_.async_wait(acceptor::wait_read, base::as_result); }

  // Accepts the next client. Does not suspend: the error is EAGAIN where none waits.
  base::result<accepted_client> accept();

  void close();

 private:
  acceptor acceptor_;
  boost::asio::ip::tcp protocol_ = boost::asio::ip::tcp::v4();
};

}  // namespace gatehouse::net
