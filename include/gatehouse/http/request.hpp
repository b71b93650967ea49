#pragma once
// A request head that the parser has accepted (RFC 9112, 2 and 3). It is a value and owns its
// bytes.

#include <cstdint>
#include <optional>
#include <string>

#include "gatehouse/http/fields.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::http {

struct request {
  std::string method;  // case kept; any token
  http::target target;
  unsigned minor_version = 1;  // HTTP/1.minor, 0 or 1; a later one counts as 1 (RFC 9110, 2.5)
  http::fields fields;
  std::optional<std::uint64_t> content_length;  // of a body framed by Content-Length; may be 0
  bool chunked = false;                         // framed by Transfer-Encoding: chunked
  bool expects_continue = false;                // Expect: 100-continue (RFC 9110, 10.1.1)
  bool keep_alive = true;  // the client wants the connection to go on (RFC 9112, 9.3)

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  bool is_head() const { return method == "HEAD"; }
  std::string_view version() const { return minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1"; }
};

// The host that the request is for: of its target, else of its Host field (RFC 9112, 3.2.2);
// nothing where neither names one. Pure.
std::optional<host_and_port> host_of(request const& request);

}  // namespace gatehouse::http
