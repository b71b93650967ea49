#include "gatehouse/base/stream_socket.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace gatehouse::base {

stream_socket::stream_socket(executor ex) : socket_(ex), deadline_(ex, [this] { expired(); }) {}

error_code stream_socket::assign(unique_fd fd, int family) {
  error_code ec;
  socket_.assign(boost::asio::generic::stream_protocol(family, 0), fd.get(), ec);
  if (ec) return ec;
  static_cast<void>(fd.release());
  socket_.native_non_blocking(true, ec);
  return ec;
}

result<std::optional<std::size_t>> stream_socket::send_now(std::string_view bytes) {
  while (true) {
    auto const put =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put >= 0) return std::optional(static_cast<std::size_t>(put));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return last_error();
  }
}

result<std::optional<std::size_t>> stream_socket::receive_now(boost::asio::mutable_buffer into) {
  while (true) {
    auto const got = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) return std::optional(static_cast<std::size_t>(got));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return last_error();
  }
}

void stream_socket::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void stream_socket::close() {
  error_code ignored;
  socket_.close(ignored);
}

// The action may replace itself, and so is called as a copy.
void stream_socket::expired() {
  auto const call = on_expiry_;
  if (call) call();
}

}  // namespace gatehouse::base
