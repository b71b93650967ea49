#include "gatehouse/net/transport.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <cerrno>
#include <limits>

namespace gatehouse::net {
namespace {

// Whether the other end of a Unix socket is there. Over such a socket the server sends requests to
// itself.
transport::presence look_at_unix(int socket) {
  using presence = transport::presence;
  ::pollfd end{.fd = socket, .events = POLLRDHUP, .revents = 0};
  if (::poll(&end, 1, 0) < 0 || (end.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
    return presence::gone;
  return (end.revents & POLLRDHUP) != 0 ? presence::closed_its_side : presence::here;
}

std::size_t count_of(ssize_t moved) {
  return static_cast<std::size_t>(std::max<ssize_t>(moved, 0));
}

}  // namespace

void transport::prepare() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
}

base::result<std::optional<std::size_t>> transport::read_at_once(boost::asio::mutable_buffer into) {
  ssize_t got = -1;
  do {
    got = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got >= 0) return std::optional(static_cast<std::size_t>(got));
  auto const failure = base::last_error();
  if (failure == boost::system::errc::operation_would_block) return std::optional<std::size_t>();
  return failure;
}

std::size_t transport::write_at_once(boost::asio::const_buffer bytes, more_follows more) {
  int const flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more == more_follows{true} ? MSG_MORE : 0);
  return count_of(::send(fd(), bytes.data(), bytes.size(), flags));
}

std::size_t transport::write_at_once(std::span<boost::asio::const_buffer const> buffers) {
  std::array<iovec, 4> pieces;
  auto const count = std::min(buffers.size(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = {const_cast<void*>(buffers[i].data()), buffers[i].size()};
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  return count_of(::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

base::result<std::size_t> transport::move_to_pipe(int pipe, std::size_t at_most) {
  auto const moved =
      ::splice(fd(), nullptr, pipe, nullptr, at_most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved < 0) return base::last_error();
  return static_cast<std::size_t>(moved);
}

base::result<std::size_t> transport::move_from_file(int file, off_t& at, std::size_t at_most) {
  auto const moved = ::sendfile(fd(), file, &at, at_most);
  if (moved < 0) return base::last_error();
  return static_cast<std::size_t>(moved);
}

base::task<std::tuple<base::error_code>> transport::wait_readable() {
  return socket_.async_wait(tcp_socket::wait_read, base::as_result);
}

base::task<std::tuple<base::error_code>> transport::wait_readable(
    boost::asio::cancellation_slot until) {
  co_return co_await socket_.async_wait(
      tcp_socket::wait_read, boost::asio::bind_cancellation_slot(until, base::as_result));
}

base::task<std::tuple<base::error_code>> transport::wait_writable() {
  return socket_.async_wait(tcp_socket::wait_write, base::as_result);
}

base::task<std::tuple<base::error_code, std::size_t>> transport::read_some(
    boost::asio::mutable_buffer into) {
  return socket_.async_read_some(into, base::as_result);
}

base::task<std::tuple<base::error_code, std::size_t>> transport::write_some(
    std::span<boost::asio::const_buffer> buffers) {
  return socket_.async_write_some(buffers, base::as_result);
}

std::size_t transport::unread() const {
  int size = 0;
  if (::ioctl(fd(), FIONREAD, &size) != 0) return 0;
  return static_cast<std::size_t>(std::max(0, size));
}

std::optional<std::uint64_t> transport::unacknowledged() const {
  int queued = 0;
  if (::ioctl(fd(), SIOCOUTQ, &queued) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(std::max(0, queued));
}

// Asks the kernel for the state of the connection, which shows a FIN or RST also behind unread
// bytes.
transport::presence transport::look() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return look_at_unix(fd());
  if (info.tcpi_state == TCP_ESTABLISHED) return presence::here;
  return info.tcpi_state == TCP_CLOSE_WAIT ? presence::closed_its_side : presence::gone;
}

void transport::limit_unsent(std::size_t bytes) {
  auto const most =
      static_cast<unsigned>(std::min<std::size_t>(bytes, std::numeric_limits<unsigned>::max()));
  ::setsockopt(fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
}

void transport::cancel() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void transport::shutdown_send() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void transport::reset_on_close() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
}

void transport::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

int transport::fd() const {
  return const_cast<tcp_socket&>(socket_).native_handle();
}

}  // namespace gatehouse::net
