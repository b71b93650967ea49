#include "gatehouse/gateway/buffered_body.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::gateway {

namespace limits = base::limits;

buffered_body::buffered_body(http::body_source& rest, std::size_t window)
    : rest_(rest), piece_(std::make_unique_for_overwrite<char[]>(window)) {}

base::task<base::result<std::unique_ptr<buffered_body>>> buffered_body::wait_for(
    http::body_source& rest, std::uint64_t length, std::size_t window,
    std::shared_ptr<base::budget> space) {
  std::unique_ptr<buffered_body> body(new buffered_body(rest, window));
  auto since = std::chrono::steady_clock::now();
  for (std::uint64_t came = 0; came < length;) {
    auto const read = co_await rest.read_some(
        boost::asio::buffer(body->piece_.get() + body->filled_, window - body->filled_));
    if (read.has_error()) co_return read.error();
    came += *read;
    body->filled_ += *read;
    auto const now = std::chrono::steady_clock::now();
    bool const prompt = now - since <= limits::prompt_body_time;
    bool const full = body->filled_ == window;
    if (came == length || *read == 0 || (full && prompt)) break;
    if (prompt || body->filled_ < limits::body_bytes_in_memory) continue;
    if (!body->keep_on_disk(space) && full) break;
    since = now;
  }
  if (auto const error = body->rewind()) co_return error;
  co_return std::move(body);
}

// Moves what is in memory into the file; gives whether there was room. Where there is none, the
// body is taken as it is: its script waits for the rest.
bool buffered_body::keep_on_disk(std::shared_ptr<base::budget> const& space) {
  if (!file_) {
    auto made = process::spool_file::create(space);
    if (made.has_error()) return false;
    file_.emplace(std::move(*made));
  }
  if (file_->append({piece_.get(), filled_})) return false;
  filled_ = 0;
  return true;
}

base::error_code buffered_body::rewind() {
  if (!file_) return {};
  left_on_disk_ = file_->size();
  auto released = file_->release();
  if (released.has_error()) return released.error();
  on_disk_.emplace(std::move(*released));
  return {};
}

base::task<base::result<std::size_t>> buffered_body::read_some(boost::asio::mutable_buffer buffer) {
  if (left_on_disk_ > 0) {
    auto const wanted = std::min<std::uint64_t>(left_on_disk_, buffer.size());
    auto const got = ::read(on_disk_->file.get(), buffer.data(), static_cast<std::size_t>(wanted));
    if (got < 0) co_return base::last_error();
    if (got == 0) co_return base::error_code{EIO, boost::system::system_category()};
    left_on_disk_ -= static_cast<std::uint64_t>(got);
    if (left_on_disk_ == 0) on_disk_.reset();
    co_return static_cast<std::size_t>(got);
  }
  if (auto const ready = std::min(filled_ - taken_, buffer.size()); ready > 0) {
    std::memcpy(buffer.data(), piece_.get() + taken_, ready);
    taken_ += ready;
    if (taken_ == filled_) piece_.reset();
    co_return ready;
  }
  auto const read = co_await rest_.read_some(buffer);
  co_return read;
}

base::task<base::result<std::size_t>> buffered_body::splice_some(int pipe) {
  if (left_on_disk_ > 0 || taken_ < filled_) co_return std::size_t{0};
  auto const moved = co_await rest_.splice_some(pipe);
  co_return moved;
}

std::size_t buffered_body::available() const {
  return left_on_disk_ > 0 ? 0 : filled_ - taken_;
}

}  // namespace gatehouse::gateway
