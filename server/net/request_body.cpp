#include "gatehouse/net/request_body.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::net {
namespace {

// A read that was stopped has taken nothing, so another one may follow.
bool is_final(base::error_code const& error) {
  return error != base::errc::stopped;
}

}  // namespace

request_body::request_body(client_stream& client, http::request const& request,
                           std::uint64_t body_limit_bytes, duration progress_limit)
    : client_(client),
      remaining_(request.content_length.value_or(0)),
      progress_limit_(progress_limit),
      continue_wanted_(request.expects_continue) {
  if (request.chunked) chunks_.emplace(body_limit_bytes);
}

base::task<base::result<std::size_t>> request_body::read_some(boost::asio::mutable_buffer buffer) {
  if (at_end()) co_return std::size_t{0};
  if (continue_wanted_ && interim_allowed_) {
    continue_wanted_ = false;
    bool const came_unasked = !client_.buffered().empty();
    auto const error =
        came_unasked ? base::error_code() : client_.write_now("HTTP/1.1 100 Continue\r\n\r\n");
    if (error) co_return error;
  }
  base::result<std::size_t> read = std::size_t{0};
  if (chunks_) {
    read = co_await read_chunked(buffer);
  } else {
    read = co_await read_counted(buffer);
  }
  failed_ = read.has_error() && is_final(read.error());
  if (read.has_value()) received_ += *read;
  co_return read;
}

base::task<base::result<std::size_t>> request_body::splice_some(int pipe) {
  bool const worthwhile = remaining_ >= base::limits::stream_buffer_bytes;
  if (!worthwhile || continue_wanted_ || !client_.buffered().empty()) co_return std::size_t{0};
  auto const moved = co_await client_.splice_some(pipe, remaining_, progress_limit_);
  if (moved.has_value()) {
    remaining_ -= *moved;
    received_ += *moved;
  } else {
    failed_ = moved.error() != boost::system::errc::resource_unavailable_try_again &&
              is_final(moved.error());
  }
  co_return moved;
}

std::size_t request_body::available() const {
  if (chunks_) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, client_.buffered().size()));
}

bool request_body::can_be_drained() const {
  return at_end() || !(failed_ || continue_wanted_ || remaining_ > base::limits::drain_bytes);
}

base::task<bool> request_body::drain() {
  if (at_end()) co_return true;
  if (!can_be_drained()) co_return false;
  std::array<char, base::limits::small_read_bytes> dropped;
  std::size_t total = 0;
  auto const until = std::chrono::steady_clock::now() + progress_limit_;
  while (total <= base::limits::drain_bytes && std::chrono::steady_clock::now() < until) {
    auto const read = co_await read_some(boost::asio::buffer(dropped));
    if (read.has_error()) co_return false;
    if (*read == 0) co_return true;
    total += *read;
  }
  co_return false;
}

base::task<base::result<std::size_t>> request_body::read_counted(
    boost::asio::mutable_buffer buffer) {
  auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, buffer.size()));
  if (auto const ready = std::min(client_.buffered().size(), wanted); ready > 0) {
    std::memcpy(buffer.data(), client_.buffered().data(), ready);
    client_.consume(ready);
    remaining_ -= ready;
    co_return ready;
  }
  auto const read =
      co_await client_.read_some(boost::asio::buffer(buffer.data(), wanted), progress_limit_);
  if (read.has_error()) co_return read.error();
  if (*read == 0) co_return base::errc::client_gone;
  remaining_ -= *read;
  co_return *read;
}

base::task<base::result<std::size_t>> request_body::read_chunked(
    boost::asio::mutable_buffer buffer) {
  while (true) {
    auto const step =
        chunks_->decode(client_.buffered(), static_cast<char*>(buffer.data()), buffer.size());
    if (step.has_error()) co_return step.error();
    client_.consume(step->consumed);
    if (step->produced > 0 || chunks_->done()) co_return step->produced;
    auto const read = co_await client_.fill(progress_limit_);
    if (read.has_error()) co_return read.error();
    if (*read == 0) co_return base::errc::client_gone;
  }
}

bool request_body::at_end() const {
  return chunks_ ? chunks_->done() : remaining_ == 0;
}

}  // namespace gatehouse::net
