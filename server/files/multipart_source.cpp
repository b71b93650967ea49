#include "gatehouse/files/multipart_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <random>

namespace gatehouse::files {

// multipart-body of RFC 2046, 5.1.1: each part begins with a line end and a delimiter; before the
// first the line end may be missing.
multipart_source::multipart_source(base::unique_fd file, std::uint64_t size,
                                   std::vector<http::byte_range> const& ranges,
                                   std::string_view media_type, std::string_view boundary)
    : file_(std::move(file)) {
  std::string const delimiter = "--" + std::string(boundary);
  for (http::byte_range const& range : ranges) {
    std::string text = (parts_.empty() ? "" : "\r\n") + delimiter;
    text.append("\r\nContent-Type: ").append(media_type);
    text.append("\r\nContent-Range: ").append(http::content_range(range, size)).append("\r\n\r\n");
    parts_.push_back({std::move(text), range.first, range.length()});
  }
  parts_.push_back({"\r\n" + delimiter + "--\r\n", 0, 0});
  for (part const& p : parts_) length_ += p.text.size() + p.length;
}

base::task<base::result<std::size_t>> multipart_source::read_some(
    boost::asio::mutable_buffer buffer) {
  auto const count = fill(buffer);
  co_return count;
}

std::size_t multipart_source::available() const {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(length_ - sent_, std::numeric_limits<std::size_t>::max()));
}

base::result<std::size_t> multipart_source::fill(boost::asio::mutable_buffer buffer) {
  while (current_ < parts_.size() &&
         position_ == parts_[current_].text.size() + parts_[current_].length) {
    ++current_;
    position_ = 0;
  }
  if (current_ == parts_.size()) return std::size_t{0};
  part const& p = parts_[current_];
  std::size_t count = 0;
  if (position_ < p.text.size()) {
    count = std::min(buffer.size(), p.text.size() - static_cast<std::size_t>(position_));
    std::memcpy(buffer.data(), p.text.data() + position_, count);
  } else {
    auto const read = read_file(p, buffer);
    if (read.has_error()) return read.error();
    count = *read;
  }
  position_ += count;
  sent_ += count;
  return count;
}

base::result<std::size_t> multipart_source::read_file(part const& from,
                                                      boost::asio::mutable_buffer buffer) {
  auto const done = position_ - from.text.size();
  auto const wanted = std::min<std::uint64_t>(buffer.size(), from.length - done);
  while (true) {
    auto const count = ::pread(file_.get(), buffer.data(), static_cast<std::size_t>(wanted),
                               static_cast<off_t>(from.offset + done));
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) return base::make_error_code(base::errc::truncated);
    if (errno != EINTR) return base::last_error();
  }
}

std::string random_boundary() {
  std::random_device device;
  std::string out;
  for (int i = 0; i < 4; ++i) {
    constexpr char digits[] = "0123456789abcdef";
    auto bits = static_cast<std::uint32_t>(device());
    for (int nibble = 0; nibble < 8; ++nibble, bits >>= 4U) out += digits[bits & 0xFU];
  }
  return out;
}

}  // namespace gatehouse::files
