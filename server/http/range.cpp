#include "gatehouse/http/range.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::http {
namespace {

// One range as it was asked for. A missing first position makes last the length of a suffix.
struct range_spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};

// 1*DIGIT; what does not fit counts as the largest number.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  return parse_decimal(text).value_or(std::numeric_limits<std::uint64_t>::max());
}

// int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length (RFC 9110, 14.1.1)
std::optional<range_spec> parse_spec(std::string_view text) {
  auto const dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto const before = text.substr(0, dash);
  auto const after = text.substr(dash + 1);
  range_spec const spec{parse_position(before), parse_position(after)};
  if (!spec.first && !before.empty()) return std::nullopt;
  if (!spec.last && !after.empty()) return std::nullopt;
  if (!spec.first && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

// The bytes of a representation (not an empty one) that the range stands for; nothing if it is
// unsatisfiable.
std::optional<byte_range> bytes_of(range_spec const& spec, std::uint64_t size) {
  if (!spec.first) {
    if (*spec.last == 0) return std::nullopt;
    return byte_range{size - std::min(size, *spec.last), size - 1};
  }
  if (*spec.first >= size) return std::nullopt;
  return byte_range{*spec.first, std::min(spec.last.value_or(size - 1), size - 1)};
}

bool is_tail_of_nothing(range_spec const& spec, std::uint64_t size) {
  return size == 0 && !spec.first && *spec.last > 0;
}

// Whether the ranges together are longer than the whole. size bounds every length, and there are at
// most limits::ranges of them, but their sum may still overflow for absurd sizes.
bool exceed(std::vector<byte_range> const& ranges, std::uint64_t size) {
  std::uint64_t left = size;
  for (byte_range const& range : ranges) {
    if (range.length() > left) return true;
    left -= range.length();
  }
  return false;
}

}  // namespace

range_set parse_range(std::string_view value, std::uint64_t size) {
  auto const equals = value.find('=');
  if (equals == std::string_view::npos || !iequals(trim_ows(value.substr(0, equals)), "bytes")) {
    return whole_representation{};
  }
  auto const elements = list_elements(value.substr(equals + 1));
  if (elements.empty() || elements.size() > base::limits::ranges) return whole_representation{};
  std::vector<byte_range> ranges;
  for (auto const element : elements) {
    auto const spec = parse_spec(element);
    if (!spec || is_tail_of_nothing(*spec, size)) return whole_representation{};
    auto const range = size == 0 ? std::nullopt : bytes_of(*spec, size);
    if (range) ranges.push_back(*range);
  }
  if (ranges.empty()) return unsatisfiable_range{};
  if (exceed(ranges, size)) return whole_representation{};
  return ranges;
}

std::string content_range(byte_range range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(size);
}

std::string unsatisfied_content_range(std::uint64_t size) {
  return "bytes */" + std::to_string(size);
}

}  // namespace gatehouse::http
