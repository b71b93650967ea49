#pragma once
// Several ranges of one file as multipart/byteranges (RFC 9110, 14.6), read from the file while
// they are sent.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/range.hpp"

namespace gatehouse::files {

class multipart_source final : public http::body_source {
 public:
  // size is that of the whole file, media_type the one of each part. boundary must not occur in the
  // file; a random one does not.
  multipart_source(base::unique_fd file, std::uint64_t size,
                   std::vector<http::byte_range> const& ranges, std::string_view media_type,
                   std::string_view boundary);

  // The exact length of the body.
  std::uint64_t length() const { return length_; }

  // Does not suspend. errc::truncated if the file has become shorter than a range, and the errno of
  // a read that failed.
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override;

  std::size_t available() const override;

 private:
  struct part {
    std::string text;  // goes first
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };

  base::result<std::size_t> fill(boost::asio::mutable_buffer buffer);
  base::result<std::size_t> read_file(part const& from, boost::asio::mutable_buffer buffer);

  base::unique_fd file_;
  std::vector<part> parts_;
  std::uint64_t length_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t current_ = 0;     // the part that is being sent
  std::uint64_t position_ = 0;  // in its text and its bytes, taken together
};

// 128 random bits in hexadecimal.
std::string random_boundary();

}  // namespace gatehouse::files
