#pragma once
// The chunked transfer coding of a request body (RFC 9112, 7.1), decoded by Beast. A push parser,
// pure. Trailer fields are read and dropped.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "gatehouse/base/error.hpp"

namespace gatehouse::http {

class chunk_decoder {
 public:
  // limit: of the decoded content.
  explicit chunk_decoder(std::uint64_t limit_bytes);
  chunk_decoder(chunk_decoder&&) noexcept;
  chunk_decoder& operator=(chunk_decoder&&) noexcept;
  ~chunk_decoder();

  struct step {
    std::size_t consumed = 0;  // bytes of `in` that are done with
    std::size_t produced = 0;  // bytes put into `out`
  };

  // Decodes as much of `in` as is there and fits into out. What was not consumed is to be given
  // again, with more behind it. errc::malformed_body for anything that RFC 9112 does not allow, and
  // for chunk framing over limits::chunk_framing_bytes. errc::body_too_large as soon as a chunk is
  // announced that goes over the limit.
  base::result<step> decode(std::string_view in, char* out, std::size_t out_size);

  // The last chunk and the trailer section have been consumed.
  bool done() const;

 private:
  class parser;
  std::unique_ptr<parser> parser_;
};

}  // namespace gatehouse::http
