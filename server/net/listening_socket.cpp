#include "gatehouse/net/listening_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

namespace gatehouse::net {
namespace {

// The value of a socket's option; -1 if it has none.
int option_of(int socket, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool is_listening_tcp(int socket) {
  int const family = option_of(socket, SO_DOMAIN);
  return (family == AF_INET || family == AF_INET6) && option_of(socket, SO_TYPE) == SOCK_STREAM &&
         option_of(socket, SO_ACCEPTCONN) == 1;
}

}  // namespace

base::error_code listening_socket::open(boost::asio::ip::tcp::endpoint const& where) {
  boost::system::error_code ec;
  protocol_ = where.protocol();
  acceptor_.open(where.protocol(), ec);
  if (!ec && ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC) != 0) ec = base::last_error();
  if (!ec) acceptor_.native_non_blocking(true, ec);
  if (!ec) acceptor_.set_option(acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(where, ec);
  if (!ec) acceptor_.listen(boost::asio::socket_base::max_listen_connections, ec);
  if (ec) close();
  return ec;
}

base::error_code listening_socket::adopt(base::unique_fd listening) {
  if (!is_listening_tcp(listening.get()))
    return make_error_code(boost::system::errc::invalid_argument);
  if (::fcntl(listening.get(), F_SETFD, FD_CLOEXEC) != 0) return base::last_error();
  bool const v6 = option_of(listening.get(), SO_DOMAIN) == AF_INET6;
  protocol_ = v6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
  boost::system::error_code ec;
  acceptor_.assign(protocol_, listening.get(), ec);
  if (ec) return ec;
  static_cast<void>(listening.release());
  acceptor_.native_non_blocking(true, ec);
  return ec;
}

boost::asio::ip::tcp::endpoint listening_socket::endpoint() const {
  boost::system::error_code ignored;
  return acceptor_.local_endpoint(ignored);
}

// accept4, because Asio's accept makes descriptors that survive an exec.
base::result<accepted_client> listening_socket::accept() {
  accepted_client out{{}, {}, protocol_};
  auto size = static_cast<socklen_t>(out.from.capacity());
  out.socket.reset(
      ::accept4(acceptor_.native_handle(), out.from.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!out.socket) return base::last_error();
  out.from.resize(size);
  return out;
}

void listening_socket::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace gatehouse::net
