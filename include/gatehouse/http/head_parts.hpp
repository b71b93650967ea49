#pragma once
// Which bytes of a request head something was read from. For views that show it: nothing is parsed
// here that the request parser has not accepted.

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

// From the first byte up to and without the last.
struct byte_span {
  std::size_t start;
  std::size_t end;
  bool operator==(byte_span const&) const = default;
};

// The bytes in head, in their order; none if they are not there. Of a path with dot segments, which
// do not count as it was decoded, all of it. Pure.
std::vector<byte_span> find_source(std::string_view head, head_source const& source);

// Every field line of the head, without its line end. Pure.
std::vector<byte_span> field_lines(std::string_view head);

}  // namespace gatehouse::http
