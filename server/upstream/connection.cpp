#include "gatehouse/upstream/connection.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace gatehouse::upstream {
namespace {

// Requests are written whole, so that nothing is to be collected.
void send_at_once(int fd, int family) {
  if (family == AF_UNIX) return;
  int const on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

connection::connection(base::executor ex, std::shared_ptr<application> to, std::size_t place)
    : to_(std::move(to)), place_(place), socket_(ex), deadline_(ex, [this] {
        if (on_expiry_) on_expiry_();
      }) {}

connection::~connection() {
  end_request();
}

base::result<connection::connecting> connection::begin_connect() {
  auto const& where = to_->at(place_);
  int const fd = ::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return base::last_error();
  base::error_code ec;
  socket_.assign(boost::asio::generic::stream_protocol(where.family(), 0), fd, ec);
  if (ec) {
    ::close(fd);
    return ec;
  }
  send_at_once(fd, where.family());
  if (::connect(fd, where.get(), where.size) == 0) return connecting::done;
  // An interrupted connect goes on, too.
  if (errno == EINPROGRESS || errno == EINTR) return connecting::pending;
  return base::last_error();
}

// Asio may say of a socket that it is ready when another was that had been closed since, and then
// there is no error, nor a peer.
base::task<base::error_code> connection::connected() {
  int const fd = socket_.native_handle();
  while (true) {
    auto const [waited] = co_await socket_.async_wait(socket::wait_write, base::as_result);
    if (waited) co_return waited;
    int why = 0;
    socklen_t size = sizeof why;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0) co_return base::last_error();
    if (why != 0) co_return base::error_code{why, boost::system::system_category()};
    sockaddr_storage peer{};
    size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0) co_return waited;
    if (errno != ENOTCONN) co_return base::last_error();
  }
}

base::error_code connection::adopt(base::unique_fd connected) {
  base::error_code ec;
  auto const family = to_->at(place_).family();
  socket_.assign(boost::asio::generic::stream_protocol(family, 0), connected.get(), ec);
  if (!ec) static_cast<void>(connected.release());
  adopted_ = true;
  return ec;
}

base::result<std::optional<std::size_t>> connection::send_now(std::string_view bytes) {
  while (true) {
    auto const put =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put >= 0) return std::optional(static_cast<std::size_t>(put));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno == EINTR) continue;
    cannot_send(base::last_error());
    return unsent_;
  }
}

base::result<std::optional<std::size_t>> connection::receive_now(boost::asio::mutable_buffer into) {
  while (true) {
    auto const got = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) return std::optional(static_cast<std::size_t>(got));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return base::last_error();
  }
}

void connection::cancel() {
  base::error_code ignored;
  socket_.cancel(ignored);
}

bool connection::is_spoiled() {
  char first = 0;
  auto const got = ::recv(socket_.native_handle(), &first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EINTR);
}

bool connection::awaits_reader() {
  int unread = 0;
  pollfd one{socket_.native_handle(), POLLIN, 0};
  return ::ioctl(one.fd, SIOCOUTQ, &unread) == 0 && unread > 0 && ::poll(&one, 1, 0) == 0;
}

bool connection::has_ended() {
  char first = 0;
  auto const got = ::recv(socket_.native_handle(), &first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void connection::receive_no_more() {
  base::error_code ignored;
  socket_.shutdown(socket::shutdown_receive, ignored);
}

void connection::send_no_more() {
  base::error_code ignored;
  socket_.shutdown(socket::shutdown_send, ignored);
}

// When the other end has closed, too, both directions are shut, which poll(2) calls POLLHUP.
base::task<bool> connection::closed_within(std::chrono::steady_clock::duration limit) {
  bool late = false;
  when_late([this, &late] {
    late = true;
    cancel();
  });
  set_deadline(limit);
  pollfd one{socket_.native_handle(), 0, 0};
  bool closed = ::poll(&one, 1, 0) != 0;
  while (!closed && !late) {
    co_await socket_.async_wait(socket::wait_error, base::as_result);
    closed = ::poll(&one, 1, 0) != 0;
  }
  clear_deadline();
  when_late({});
  co_return closed;
}

// Whoever closes a socket with unread bytes in it resets the connection. Of a Unix socket that
// comes behind all that was written. TCP may lose some of it, and gives the reset to whoever asks
// first: then the end follows. A reset behind the end of what was written is called EPIPE.
bool connection::came_whole(base::error_code const& why) const {
  using boost::system::errc::errc_t;
  if (to_->at(place_).family() == AF_UNIX) return !why || why == errc_t::connection_reset;
  return !why && unsent_ != errc_t::connection_reset;
}

// A Unix socket that was closed with unread bytes in it says ECONNRESET, and one that was closed
// before they were sent EPIPE. Over TCP the end may have come first; then the bytes behind it are
// not acknowledged. php-fpm closes a connection after pm.max_requests by ending its own direction
// and passing over what comes in the other, until we close: of a Unix socket that can be told from
// the end of a process, which closes both.
bool connection::was_closed_before(base::error_code const& why) {
  if (is_closed_by_peer(why)) return true;
  if (why) return false;
  if (to_->at(place_).family() == AF_UNIX) {
    pollfd one{socket_.native_handle(), 0, 0};
    return ::poll(&one, 1, 0) == 0;
  }
  int unacknowledged = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0;
}

void connection::begin_request() {
  busy_ = true;
  to_->begin(place_);
}

void connection::end_request() {
  if (!std::exchange(busy_, false)) return;
  used_ = true;
  to_->end(place_);
  clear_deadline();
  on_expiry_ = nullptr;
}

}  // namespace gatehouse::upstream
