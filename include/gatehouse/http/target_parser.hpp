#pragma once
// A target read in place, for the request parser: a target is dear to move. See http/target.hpp.
// Pure.

#include <optional>
#include <string_view>

#include "gatehouse/http/error.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::http {

// As the parse_target() that gives a result, into a target that is empty; gives the error.
std::optional<http_error> parse_target(std::string_view method, std::string_view text,
                                       target& parsed);

// Whether parse_host() gives something.
bool is_host(std::string_view authority);

}  // namespace gatehouse::http
