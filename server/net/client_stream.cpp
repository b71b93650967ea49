#include "gatehouse/net/client_stream.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <limits>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::net {

namespace {

// Removes size bytes from the front of a sequence of buffers.
void advance(std::span<boost::asio::const_buffer> buffers, std::size_t size) {
  for (auto& buffer : buffers) {
    auto const taken = std::min(size, buffer.size());
    buffer += taken;
    size -= taken;
    if (size == 0) return;
  }
}

}  // namespace

client_stream::client_stream(tcp_socket socket, std::size_t buffer_limit_bytes, rate_rule rule)
    : carrier_(std::move(socket)),
      buffer_(buffer_limit_bytes),
      reading_(
          carrier_.get_executor(), [this] { on_read_deadline(); }, rule) {
  carrier_.limit_unsent(base::limits::unsent_bytes);
}

void client_stream::hold_to(rate_rule rule) {
  reading_.left = allowance(rule);
  if (writing_) writing_->left = allowance(rule);
}

void client_stream::begin_exchange() {
  departure_.reset();
  reading_.left.renew();
  if (writing_) writing_->left.renew();
}

std::string_view client_stream::buffered() const {
  auto const data = buffer_.cdata();
  return {static_cast<char const*>(data.data()), data.size()};
}

void client_stream::limit_buffer(std::size_t bytes) {
  buffer_.max_size(std::max(bytes, buffer_.size()));
}

// Reads, and does not only wait until something can be read: Asio tries a read first, and needs no
// system call to wait for it then. A wait would cost an epoll_ctl for each request.
boost::asio::mutable_buffer client_stream::begin_idle_wait(duration limit) {
  constexpr auto usual = base::limits::idle_buffer_bytes;
  if (buffer_.size() == 0 && buffer_.capacity() > usual) buffer_.shrink_to_fit();
  begin_wait(reading_, limit, is_due{false});
  return buffer_.prepare(std::min(usual, buffer_.max_size() - buffer_.size()));
}

base::error_code client_stream::end_idle_wait(boost::system::error_code const& ec,
                                              std::size_t size) {
  auto const error = end_wait(reading_, ec);
  if (error) return error;
  buffer_.commit(size);
  // More bytes may have come than the buffer had room for.
  if (size >= base::limits::idle_buffer_bytes) static_cast<void>(fill_at_once());
  return {};
}

// Suspends until there is something to read, or the end of the stream, for at most `limit`.
// Meanwhile an empty buffer takes no memory.
base::task<base::error_code> client_stream::wait_for_input(duration limit) {
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  begin_wait(reading_, limit, is_due{true});
  auto const [ec] = co_await carrier_.wait_readable();
  co_return end_wait(reading_, ec);
}

// Reads into the stack first, so that a connection keeps no more memory than the bytes need.
base::result<std::optional<std::size_t>> client_stream::fill_at_once() {
  std::array<char, base::limits::client_read_bytes> piece;
  auto const room = std::min(base::limits::client_read_bytes, buffer_.max_size() - buffer_.size());
  auto const got = carrier_.read_at_once(boost::asio::buffer(piece.data(), room));
  if (got.has_error()) return base::errc::client_gone;
  if (!got->has_value()) return *got;
  auto const size = **got;
  boost::asio::buffer_copy(buffer_.prepare(size), boost::asio::buffer(piece));
  buffer_.commit(size);
  reading_.left.moved(size);
  return std::optional(size);
}

// Waits even if something can be read, because a client that sends without a pause must not keep
// other connections of the thread from their turn.
base::task<base::result<std::size_t>> client_stream::fill(duration limit) {
  while (true) {
    auto const error = co_await wait_for_input(limit);
    if (error) co_return error;
    auto const read = fill_at_once();
    if (read.has_error()) co_return read.error();
    if (read->has_value()) co_return **read;
  }
}

base::task<base::result<std::size_t>> client_stream::read_some(boost::asio::mutable_buffer into,
                                                               duration limit) {
  begin_wait(reading_, limit, is_due{true});
  auto const [ec, size] = co_await carrier_.read_some(into);
  auto const error = end_wait(reading_, ec);
  if (ec == boost::asio::error::eof) co_return std::size_t{0};
  if (error) co_return error;
  reading_.left.moved(size);
  co_return size;
}

base::task<void> client_stream::drop_input(duration silence, duration in_all) {
  consume(buffered().size());
  auto const until = std::chrono::steady_clock::now() + in_all;
  std::array<char, base::limits::small_read_bytes> dropped;
  while (true) {
    auto const left = until - std::chrono::steady_clock::now();
    if (left <= duration::zero()) co_return;
    auto const read = co_await read_some(boost::asio::buffer(dropped), std::min(left, silence));
    if (read.has_error() || *read == 0) co_return;
  }
}

base::task<base::result<std::size_t>> client_stream::splice_some(int pipe, std::uint64_t at_most,
                                                                 duration limit) {
  auto const size = static_cast<std::size_t>(std::min(at_most, base::limits::spliced_bytes));
  for (bool waited = false;; waited = true) {
    auto const moved = carrier_.move_to_pipe(pipe, size);
    if (moved.has_value() && *moved == 0) co_return std::size_t{0};
    if (moved.has_value()) {
      reading_.left.moved(*moved);
      co_await boost::asio::post(carrier_.get_executor(), base::as_result);
      co_return *moved;
    }
    if (moved.error() != boost::system::errc::operation_would_block) co_return std::size_t{0};
    // If there are bytes to be moved, it was the pipe that would have blocked.
    if (carrier_.unread() > 0) co_return moved.error();
    // The socket is readable but has nothing to move, so there is urgent data, which only a read
    // skips.
    if (waited) co_return std::size_t{0};
    auto const error = co_await wait_for_input(limit);
    if (error) co_return error;
  }
}

std::size_t client_stream::write_at_once(std::string_view bytes, more_follows more) {
  auto const size = carrier_.write_at_once(boost::asio::buffer(bytes), more);
  handed_over_ += size;
  return size;
}

std::size_t client_stream::write_at_once(std::span<boost::asio::const_buffer const> buffers) {
  auto const size = carrier_.write_at_once(buffers);
  handed_over_ += size;
  return size;
}

base::task<base::error_code> client_stream::write(std::span<boost::asio::const_buffer> buffers,
                                                  duration limit, std::uint64_t& written) {
  while (!buffers.empty()) {
    if (buffers.front().size() == 0) {
      buffers = buffers.subspan(1);
      continue;
    }
    begin_wait(writing(), limit, is_due{true});
    auto const [ec, size] = co_await carrier_.write_some(buffers);
    handed_over_ += size;
    written += size;
    auto const error = end_wait(*writing_, ec);
    if (error) co_return error;
    trust_reader();
    advance(buffers, size);
  }
  co_return base::error_code{};
}

// Sends a piece whenever the socket has room for it. If the socket were filled up, it would take
// only small pieces from then on, and its data would have left the processor's cache by the time
// that it is sent.
base::task<base::error_code> client_stream::send_file(int fd, std::uint64_t offset,
                                                      std::uint64_t length, duration limit,
                                                      std::uint64_t& written,
                                                      std::function<void()> const& waits) {
  auto at = static_cast<off_t>(offset);
  while (length > 0) {
    auto const sent = carrier_.move_from_file(
        fd, at, static_cast<std::size_t>(std::min(length, base::limits::file_piece_bytes)));
    if (sent.has_value() && *sent == 0) co_return base::errc::truncated;
    if (sent.has_error() && sent.error() == boost::system::errc::interrupted) continue;
    if (sent.has_error() && sent.error() != boost::system::errc::operation_would_block)
      co_return understood(sent.error());
    auto const moved = sent.has_value() ? *sent : 0;
    length -= moved;
    handed_over_ += moved;
    written += moved;
    if (length == 0) break;
    if (waits) waits();
    begin_wait(writing(), limit, is_due{true});
    auto const [ec] = co_await carrier_.wait_writable();
    auto const error = end_wait(*writing_, ec);
    if (error) co_return error;
    trust_reader();
  }
  co_return base::error_code{};
}

base::error_code client_stream::write_now(std::string_view bytes) {
  if (write_at_once(bytes) == bytes.size()) return {};
  return base::errc::client_gone;
}

std::string_view client_stream::slow_reason() const {
  if (reader_was_slow_ == slow_reader::takes_nothing) return "reader-timeout";
  return reader_was_slow_ == slow_reader::no ? "body-too-slow" : "reader-too-slow";
}

http::departure const& client_stream::note_departure(bool closed_its_side) {
  if (!departure_) departure_ = http::departure{std::chrono::steady_clock::now(), closed_its_side};
  return *departure_;
}

http::departure const& client_stream::departure() {
  if (departure_) return *departure_;
  return note_departure(carrier_.look() == transport::presence::closed_its_side);
}

client_stream::direction& client_stream::writing() {
  if (!writing_) {
    writing_ = std::make_unique<direction>(
        carrier_.get_executor(), [this] { on_write_deadline(); }, reading_.left.rule());
  }
  return *writing_;
}

void client_stream::begin_wait(direction& d, duration limit, is_due due) {
  d.is_due = due == is_due{true};
  d.too_slow = false;
  d.limit = limit;
  d.seen = base::coarse_now();
  d.ends = d.seen + limit;
  d.deadline.set(std::max(duration::zero(), time_left(d)));
}

base::error_code client_stream::end_wait(direction& d, boost::system::error_code const& ec) {
  if (d.is_due) account(d);
  auto const error = understood(ec);
  d.deadline.clear();
  if (error || !has_used_up(d)) return error;
  if (&d == writing_.get()) reader_was_slow_ = slow_reader::below_rate;
  return base::errc::too_slow;
}

// This is checked after every wait, because a client that moves a byte in each tick would never
// reach a deadline.
bool client_stream::has_used_up(direction& d) {
  if (!d.is_due || d.left.left() > duration::zero()) return false;
  if (&d == writing_.get()) d.left.moved(taken_since_last_look());
  return d.left.left() == duration::zero();
}

void client_stream::account(direction& d) {
  auto const now = base::coarse_now();
  bool const contended =
      queue_length_ != nullptr && queue_length_->load(std::memory_order_relaxed) > 0;
  if (d.is_due) d.left.waited((now - d.seen) * (contended ? base::limits::contention_factor : 1));
  d.seen = now;
}

// The time until the limit or the client's allowance is over, or until the next check.
duration client_stream::time_left(direction const& d) const {
  auto const until_limit = d.ends - d.seen;
  if (!d.is_due) return until_limit;
  auto const time = std::min(until_limit, d.left.left());
  // While the exchange holds what others may queue for, the queue is checked at intervals.
  return queue_length_ == nullptr ? time
                                  : std::min<duration>(time, base::limits::rate_look_interval);
}

void client_stream::go_on_or_cancel(direction& d) {
  auto const left = time_left(d);
  if (left > duration::zero()) return d.deadline.set(left);
  d.too_slow = d.ends > d.seen;
  cancel();
}

// To be called when there is room to write again. Once the client must have taken enough, the
// kernel may buffer as much as it likes: with less, large answers cost half as much processor time
// again.
void client_stream::trust_reader() {
  constexpr auto enough = base::limits::reader_proof_bytes + 2 * base::limits::unsent_bytes;
  if (reader_is_trusted_ || handed_over_ < enough) return;
  reader_is_trusted_ = true;
  carrier_.limit_unsent(std::numeric_limits<unsigned>::max());
}

void client_stream::on_read_deadline() {
  account(reading_);
  go_on_or_cancel(reading_);
}

// A socket has room again only when a third of its buffer is free, which may be megabytes. So
// whether a client reads is known by what has left the buffer.
void client_stream::on_write_deadline() {
  auto& d = *writing_;
  account(d);
  if (auto const taken = taken_since_last_look(); taken > 0) {
    d.left.moved(taken);
    d.ends = d.seen + d.limit;
  }
  go_on_or_cancel(d);
  if (d.deadline.expired())
    reader_was_slow_ = d.too_slow ? slow_reader::below_rate : slow_reader::takes_nothing;
}

std::uint64_t client_stream::taken_since_last_look() {
  auto const still_there = carrier_.unacknowledged();
  if (!still_there) return 0;
  auto const taken = handed_over_ - std::min(handed_over_, *still_there);
  auto const before = taken_;
  taken_ = std::max(taken_, taken);
  return taken_ - before;
}

base::error_code client_stream::understood(boost::system::error_code const& ec) const {
  if (!ec) return {};
  if (ec != boost::asio::error::operation_aborted) return base::errc::client_gone;
  if (writing_ && writing_->deadline.expired()) return base::errc::too_slow;
  if (!reading_.deadline.expired()) return base::errc::stopped;
  return reading_.too_slow ? base::errc::too_slow : base::errc::timed_out;
}

}  // namespace gatehouse::net
