// Range fields (http/range.hpp): every range lies within the representation, all together are not
// longer than it, and printed they are the same ranges. The input is a size, as a shift and eight
// bytes, and the field's value.

#include "gatehouse/http/range.hpp"

#include <cstring>

#include "expect.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::fuzz {
namespace {

using ranges = std::vector<http::byte_range>;

std::string printed(ranges const& list) {
  std::string out = "Bytes=";
  for (auto const& range : list) {
    out.append(" ,")
        .append(std::to_string(range.first))
        .append("-")
        .append(std::to_string(range.last));
  }
  return out + " , ";
}

void expect_sound(ranges const& list, std::uint64_t size) {
  expect(!list.empty() && list.size() <= base::limits::ranges, "neither none nor too many");
  std::uint64_t left = size;
  for (auto const& range : list) {
    expect(range.first <= range.last && range.last < size, "a range lies within the whole");
    expect(range.length() <= left, "ranges together are not longer than the whole");
    left -= range.length();
    expect(is_one_line(http::content_range(range, size)), "Content-Range is one line");
  }
}

void expect_all(std::string_view value, std::uint64_t size) {
  auto const set = http::parse_range(value, size);
  auto const* const list = std::get_if<ranges>(&set);
  // Empty elements say nothing, unless a quote is open.
  if (value.find('"') == std::string_view::npos) {
    auto const longer = http::parse_range(std::string(value) + ", ,", size);
    expect(longer.index() == set.index(), "empty elements do not matter");
  }
  if (list == nullptr) return;
  expect_sound(*list, size);
  auto const again = http::parse_range(printed(*list), size);
  expect(std::holds_alternative<ranges>(again) && std::get<ranges>(again) == *list,
         "printed and parsed they are the same ranges");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::uint64_t whole = 0;
  constexpr std::size_t prefix = 1 + sizeof whole;
  if (size < prefix) return 0;
  std::memcpy(&whole, data + 1, sizeof whole);
  gatehouse::fuzz::expect_all(gatehouse::fuzz::text_of(data + prefix, size - prefix),
                              whole >> (data[0] & 63U));
  return 0;
}
