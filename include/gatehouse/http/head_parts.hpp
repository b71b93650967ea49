#pragma once
// Finds the bytes of a request head that a value came from, for views that mark them. The request
// parser has accepted the head before.

#include <cstddef>
#include <string_view>
#include <vector>

namespace gatehouse::http {

enum class head_part {
  none,       // nothing of the head: the connection, the configuration, the body
  method,     // RFC 9112, 3.1
  target,     // 3.2
  authority,  // of an absolute-form target
  path,       // of the target; with path_segments, only so many segments of it
  path_rest,  // what follows so many segments
  query,      // without the "?"
  version,    // 2.3
  field,      // every line of that field (RFC 9110, 5)
};

struct head_source {
  head_part part = head_part::none;
  std::string_view field_name;    // of head_part::field; compared without case
  std::size_t path_segments = 0;  // 0: all
};

// A half-open range of bytes: `end` is the offset behind the last one.
struct byte_span {
  std::size_t start;
  std::size_t end;
  bool operator==(byte_span const&) const = default;
};

// The ranges of bytes of the head that the value came from, in their order; empty if there are
// none. If the path has dot segments, which were removed when it was decoded, the result is the
// whole path. Pure.
std::vector<byte_span> find_source(std::string_view head, head_source const& source);

// Every field line of the head, without its line end. Pure.
std::vector<byte_span> field_lines(std::string_view head);

}  // namespace gatehouse::http
