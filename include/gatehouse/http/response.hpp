#pragma once
// What a handler answers: a head and a body. Framing (Content-Length, chunked, Connection, Date,
// Server) is the response writer's business and is not in the fields.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/fields.hpp"

namespace gatehouse::http {

// Bytes that may be shared between responses (a cached file, a rendered page).
using shared_buffer = std::shared_ptr<std::string const>;

// An open file that may be shared between responses: it is read by offset alone.
using shared_file = std::shared_ptr<base::unique_fd const>;

// length bytes from offset of an open regular file.
struct file_slice {
  shared_file file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Produced while it is sent. With a length, exactly that many bytes are sent or the connection is
// cut.
struct stream {
  std::unique_ptr<body_source> source;
  std::optional<std::uint64_t> length;
};

using body = std::variant<std::monostate, shared_buffer, file_slice, stream>;

struct response {
  unsigned status = 200;
  std::string phrase;  // empty: the standard reason phrase
  http::fields fields;
  shared_buffer field_lines;  // more fields, as lines ready to be sent, each with its CRLF; or null
  http::body body;
  // For a body that is not sent (HEAD, 304): the length that it would have had.
  std::optional<std::uint64_t> unsent_length;
  bool close = false;  // close the connection after this response
  bool raw = false;    // the stream is the whole response, head and all (non-parsed headers)
};

inline shared_buffer make_buffer(std::string bytes) {
  return std::make_shared<std::string const>(std::move(bytes));
}

inline shared_file share(base::unique_fd file) {
  return std::make_shared<base::unique_fd const>(std::move(file));
}

// The length of the body if it is known before sending; 0 for none.
std::optional<std::uint64_t> body_length(body const& b);

}  // namespace gatehouse::http
