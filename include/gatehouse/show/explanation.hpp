#pragma once
// A recorded exchange as a text for people, step by step in the order of the way of a request:
// what `gatehouse explain` prints. Nothing in it can command a terminal but its own colours. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

// The raw response; size may be more than there is of the bytes.
struct raw_response {
  std::string_view bytes;
  std::uint64_t size;
};

// response: nothing if the program was only described; what would have come of it is then left
// out, and of a file it is said what would be sent.
std::string explanation(trace::recording const& of, std::optional<raw_response> response,
                        bool coloured);

}  // namespace gatehouse::show
