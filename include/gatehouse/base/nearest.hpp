#pragma once
// Which of several names somebody probably meant. Pure.

#include <optional>
#include <string_view>
#include <vector>

namespace gatehouse::base {

// The candidate that text is probably meant to be: at most two or three letters away, or begun the
// same way.
std::optional<std::string_view> nearest(std::string_view text,
                                        std::vector<std::string_view> const& candidates);

}  // namespace gatehouse::base
