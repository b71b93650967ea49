#include "gatehouse/net/client_stream.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>

namespace gatehouse::net {

namespace {

// How much one read adds to the buffer at the most.
constexpr std::size_t read_size = 8 * 1024;
// How much one call of sendfile or splice may move before others on the thread get their turn.
constexpr std::uint64_t moved_at_once = 1024 * 1024;
// How much of a file goes into the socket at once.
constexpr std::uint64_t file_piece = 256 * 1024;

// Takes size bytes off the front of a sequence of buffers.
void advance(std::span<boost::asio::const_buffer> buffers, std::size_t size) {
  for (auto& buffer : buffers) {
    auto const taken = std::min(size, buffer.size());
    buffer += taken;
    size -= taken;
    if (size == 0) return;
  }
}

}  // namespace

client_stream::client_stream(tcp_socket socket, std::size_t buffer_limit_bytes)
    : socket_(std::move(socket)),
      buffer_(buffer_limit_bytes),
      read_deadline_(socket_.get_executor(), [this] { socket_.cancel(); }),
      write_deadline_(socket_.get_executor(), [this] { socket_.cancel(); }) {}

std::string_view client_stream::buffered() const {
  auto const data = buffer_.cdata();
  return {static_cast<char const*>(data.data()), data.size()};
}

void client_stream::limit_buffer(std::size_t bytes) {
  buffer_.max_size(std::max(bytes, buffer_.size()));
}

base::task<base::error_code> client_stream::wait_for_input(duration limit) {
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  read_deadline_.set(limit);
  auto const [ec] = co_await socket_.async_wait(tcp_socket::wait_read, base::as_result);
  auto const error = understood(ec);
  read_deadline_.clear();
  co_return error;
}

// By way of the stack, so that a connection keeps no more than the bytes that came.
base::result<std::optional<std::size_t>> client_stream::fill_at_once() {
  std::array<char, read_size> piece;
  auto const room = std::min(read_size, buffer_.max_size() - buffer_.size());
  ssize_t got = -1;
  do {
    got = ::recv(socket_.native_handle(), piece.data(), room, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::optional<std::size_t>();
  if (got < 0) return base::errc::client_gone;
  auto const size = static_cast<std::size_t>(got);
  boost::asio::buffer_copy(buffer_.prepare(size), boost::asio::buffer(piece));
  buffer_.commit(size);
  return std::optional(size);
}

// Waits also if something is there: a client that sends without a pause must not keep others on the
// thread from their turn.
base::task<base::result<std::size_t>> client_stream::fill(duration limit) {
  while (true) {
    if (auto const error = co_await wait_for_input(limit)) co_return error;
    auto const read = fill_at_once();
    if (read.has_error()) co_return read.error();
    if (read->has_value()) co_return **read;
  }
}

base::task<base::result<std::size_t>> client_stream::read_some(boost::asio::mutable_buffer into,
                                                               duration limit) {
  read_deadline_.set(limit);
  auto const [ec, size] = co_await socket_.async_read_some(into, base::as_result);
  auto const error = understood(ec);
  read_deadline_.clear();
  if (ec == boost::asio::error::eof) co_return std::size_t{0};
  if (ec) co_return error;
  co_return size;
}

base::task<base::result<std::size_t>> client_stream::splice_some(int pipe, std::uint64_t at_most,
                                                                 duration limit) {
  auto const size = static_cast<std::size_t>(std::min(at_most, moved_at_once));
  for (bool waited = false;; waited = true) {
    auto const moved = ::splice(socket_.native_handle(), nullptr, pipe, nullptr, size,
                                SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved > 0) {
      co_await boost::asio::post(socket_.get_executor(), base::as_result);
      co_return static_cast<std::size_t>(moved);
    }
    if (moved == 0) co_return std::size_t{0};
    auto const failure = base::last_error();
    if (failure != boost::system::errc::operation_would_block) co_return std::size_t{0};
    // Which end it was that would block: the pipe, if there is something to be moved.
    if (waiting() > 0) co_return failure;
    // Readable, and nothing to move: urgent data, which only a read gets past.
    if (waited) co_return std::size_t{0};
    if (auto const error = co_await wait_for_input(limit)) co_return error;
  }
}

std::size_t client_stream::write_at_once(std::string_view bytes, more_follows more) {
  int const flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more == more_follows{true} ? MSG_MORE : 0);
  auto const sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), flags);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

std::size_t client_stream::write_at_once(std::span<boost::asio::const_buffer const> buffers) {
  std::array<iovec, 4> pieces;
  auto const count = std::min(buffers.size(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = {const_cast<void*>(buffers[i].data()), buffers[i].size()};
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  auto const sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

base::task<base::error_code> client_stream::write(std::span<boost::asio::const_buffer> buffers,
                                                  duration limit, std::uint64_t& written) {
  while (!buffers.empty()) {
    if (buffers.front().size() == 0) {
      buffers = buffers.subspan(1);
      continue;
    }
    write_deadline_.set(limit);
    auto const [ec, size] = co_await socket_.async_write_some(buffers, base::as_result);
    auto const error = understood(ec);
    write_deadline_.clear();
    if (ec) co_return error;
    written += size;
    advance(buffers, size);
  }
  co_return base::error_code{};
}

// Piece by piece, each when the socket has room for it: one that is filled to the brim takes small
// pieces from then on, and what lies in it is no longer in the processor's cache when it is read.
base::task<base::error_code> client_stream::send_file(int fd, std::uint64_t offset,
                                                      std::uint64_t length, duration limit,
                                                      std::uint64_t& written) {
  auto at = static_cast<off_t>(offset);
  while (length > 0) {
    auto const sent = ::sendfile(socket_.native_handle(), fd, &at,
                                 static_cast<std::size_t>(std::min(length, file_piece)));
    if (sent == 0) co_return base::errc::truncated;
    auto const failure = sent < 0 ? base::last_error() : base::error_code();
    if (failure == boost::system::errc::interrupted) continue;
    if (failure && failure != boost::system::errc::operation_would_block)
      co_return understood(failure);
    auto const moved = static_cast<std::uint64_t>(std::max<ssize_t>(sent, 0));
    length -= moved;
    written += moved;
    if (length == 0) break;
    write_deadline_.set(limit);
    auto const [ec] = co_await socket_.async_wait(tcp_socket::wait_write, base::as_result);
    auto const error = understood(ec);
    write_deadline_.clear();
    if (ec) co_return error;
  }
  co_return base::error_code{};
}

base::error_code client_stream::write_now(std::string_view bytes) {
  if (write_at_once(bytes) == bytes.size()) return {};
  return base::errc::client_gone;
}

void client_stream::cancel() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void client_stream::shutdown_send() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void client_stream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void client_stream::reset_on_close() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
}

// How many bytes wait to be read from the socket.
std::size_t client_stream::waiting() {
  int size = 0;
  if (::ioctl(socket_.native_handle(), FIONREAD, &size) != 0) return 0;
  return static_cast<std::size_t>(std::max(0, size));
}

base::error_code client_stream::understood(boost::system::error_code const& ec) const {
  if (!ec) return {};
  if (ec == boost::asio::error::operation_aborted) {
    return read_deadline_.expired() || write_deadline_.expired() ? base::errc::timed_out
                                                                 : base::errc::stopped;
  }
  return base::errc::client_gone;
}

}  // namespace gatehouse::net
