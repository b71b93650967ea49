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
    std::size_t consumed = 0;  // bytes of `in` that need not be given again
    std::size_t produced = 0;  // bytes put into `out`
  };

  // Decodes as much of `in` as fits into `out`. The caller gives what was not consumed again, with
  // more behind it. Errors: malformed_body for anything that RFC 9112 does not allow;
  // framing_too_large for a line or a trailer section over limits::chunk_framing_bytes and for a
  // body with more framing than its chunks may have (limits::framing_excess_bytes); body_too_large
  // as soon as a chunk is announced that exceeds the limit. The result does not depend on how the
  // input was cut into pieces.
  base::result<step> decode(std::string_view in, char* out, std::size_t out_size);

  // The last chunk and the trailer section have been consumed.
  bool done() const { return next_ == part::end; }

 private:
  enum class part { size_line, content, content_end, trailers, end };

  base::result<std::size_t> take_framing(std::string_view in);
  std::optional<base::errc> read_line(std::string_view line);
  std::optional<base::errc> read_size_line(std::string_view line);
  void allow_framing_for(std::uint64_t content_bytes);
  std::size_t take_content(std::string_view in, char* out, std::size_t out_size);

  part next_ = part::size_line;
  std::uint64_t room_;              // for content that has not been announced yet
  std::uint64_t content_left_ = 0;  // of the chunk
  std::size_t framing_room_ = base::limits::chunk_framing_bytes;  // for the line or the trailers
  std::uint64_t framing_excess_ = 0;  // framing so far, less what its chunks may have
};

}  // namespace gatehouse::http
