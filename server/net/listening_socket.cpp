#include "gatehouse/net/listening_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <utility>

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

base::result<base::unique_fd> listen_at(boost::asio::ip::tcp::endpoint const& where) {
  base::unique_fd out(
      ::socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int const on = 1;
  bool const listens = out &&
                       ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       ::bind(out.get(), where.data(), static_cast<socklen_t>(where.size())) == 0 &&
                       ::listen(out.get(), SOMAXCONN) == 0;
  if (!listens) return base::last_error();
  return out;
}

boost::asio::ip::tcp::endpoint endpoint_of(int socket) {
  boost::asio::ip::tcp::endpoint out;
  auto size = static_cast<socklen_t>(out.capacity());
  if (::getsockname(socket, out.data(), &size) == 0) out.resize(size);
  return out;
}

base::error_code listening_socket::open(boost::asio::ip::tcp::endpoint const& where) {
  auto made = listen_at(where);
  return made.has_error() ? made.error() : adopt(std::move(*made));
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

// Calls accept4, because the descriptors of Asio's accept would survive an exec.
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
