#pragma once
// Text that is laid out in columns, as a terminal shows it. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::base {

// How many columns of a terminal the UTF-8 text takes if each character takes one.
std::size_t columns_of(std::string_view text);

// "1 byte", "17 bytes"
std::string bytes_text(std::uint64_t count);

}  // namespace gatehouse::base
