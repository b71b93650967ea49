#pragma once
// Byte ranges (RFC 9110, 14). Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gatehouse::http {

// Bytes first to last, both included, of a representation.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t length() const { return last - first + 1; }
  bool operator==(byte_range const&) const = default;
};

struct whole_representation {};  // no range to honour: answer 200
struct unsatisfiable_range {};   // answer 416
using range_set = std::variant<whole_representation, unsatisfiable_range, std::vector<byte_range>>;

// Parses the value of a Range field for a representation of `size` bytes. Returns the satisfiable
// ranges in the order in which they were asked for. The result is whole_representation (RFC 9110,
// 14.2) for an unknown unit, a malformed value, more than limits::ranges ranges, ranges that
// overlap so much that together they are longer than the whole, and the suffix of an empty
// representation. A number that is too large for 64 bits counts as the largest one.
range_set parse_range(std::string_view value, std::uint64_t size);

// "bytes 0-4/10"; for 416 "bytes */10".
std::string content_range(byte_range range, std::uint64_t size);
std::string unsatisfied_content_range(std::uint64_t size);

}  // namespace gatehouse::http
