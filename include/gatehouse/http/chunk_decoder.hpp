#pragma once
// The chunked transfer coding of a request body (RFC 9112, 7.1). A push parser, pure. Trailer
// fields are read and dropped.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::http {

class chunk_decoder {
 public:
  // limit: of the decoded content.
  explicit chunk_decoder(std::uint64_t limit_bytes) : room_(limit_bytes) {}

  struct step {
    std::size_t consumed = 0;  // bytes of `in` that are done with
    std::size_t produced = 0;  // bytes put into `out`
  };

  // Decodes as much of `in` as is there and fits into out. What was not consumed is to be given
  // again, with more behind it. errc::malformed_body for anything that RFC 9112 does not allow, and
  // for chunk framing over limits::chunk_framing_bytes. errc::body_too_large as soon as a chunk is
  // announced that goes over the limit. Content, end and error do not depend on how `in` was cut.
  base::result<step> decode(std::string_view in, char* out, std::size_t out_size);

  // The last chunk and the trailer section have been consumed.
  bool done() const { return next_ == part::end; }

 private:
  enum class part { size_line, content, content_end, trailers, end };

  std::optional<base::errc> read_line(std::string_view line);
  std::optional<base::errc> read_size_line(std::string_view line);
  std::size_t take_content(std::string_view in, char* out, std::size_t out_size);

  part next_ = part::size_line;
  std::uint64_t room_;              // for content that has not been announced yet
  std::uint64_t content_left_ = 0;  // of the chunk
  std::size_t framing_room_ = base::limits::chunk_framing_bytes;
};

}  // namespace gatehouse::http
