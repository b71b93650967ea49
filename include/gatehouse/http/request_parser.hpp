#pragma once
// From bytes to a request (RFC 9112, 2 to 6). Beast parses; what it lets through and RFC 9112 does
// not (obs-fold, Transfer-Encoding with Content-Length, a last coding that is not chunked, a
// missing Host) is refused here, before any handler runs. Pure: no sockets, no clocks.

#include <cstddef>
#include <optional>
#include <string_view>

#include "gatehouse/http/error.hpp"
#include "gatehouse/http/request.hpp"

namespace gatehouse::http {

// Finds the end of a head in bytes that arrive piece by piece, looking at each byte once.
class head_scanner {
 public:
  explicit head_scanner(std::size_t head_limit_bytes) : limit_(head_limit_bytes) {}

  // bytes: all that has arrived since the start of the head. Returns the size of the head with its
  // empty line once that has arrived, and nothing before. Errors: 400 for what cannot become a head
  // (a line that ends in a bare LF, a first byte that starts no method); 431 or 414 over the limit.
  result<std::optional<std::size_t>> scan(std::string_view bytes);

 private:
  std::size_t limit_;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
};

// The request in a whole head, which ends with its empty line. Errors close the connection: 400,
// 414, 417 (an expectation other than 100-continue), 421 (a target of https), 431 (too many
// fields), 501 (a transfer coding other than chunked, CONNECT), 505 (another major version).
// body_limit: 413 at once for a longer Content-Length.
result<request> parse_request(std::string_view head, std::uint64_t body_limit_bytes);
// The same into a request that is empty; gives the error. A request is dear to move.
std::optional<http_error> parse_request(std::string_view head, std::uint64_t body_limit_bytes,
                                        request& parsed);

}  // namespace gatehouse::http
