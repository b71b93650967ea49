#pragma once
// Folded field lines (obs-fold, RFC 9112, 5.2), which servers have read in different ways: refused
// in heads and in trailer sections. Pure.

#include <string_view>

namespace gatehouse::http {

// Whether a line after the first begins with white space.
bool has_folded_line(std::string_view lines);

}  // namespace gatehouse::http
