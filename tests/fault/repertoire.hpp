#pragma once
// How each call can fail, as far as its manual page says so.

#include <cstdint>
#include <string_view>
#include <vector>

#include "board.hpp"

namespace fault {

std::string_view name_of(call what);

// What a call may fail with: errnos, and short_transfer. by_asio: it is made inside Asio, which
// waits for edges (epoll(7)): a kernel that gives less than there is will not then be silent.
std::vector<std::int32_t> failures_of(call what, bool by_asio);

// A failure of which nobody but the caller is ever to know.
bool is_passing(call what, std::int32_t failure);

// The system has none left of something, which is nobody's fault and may be over soon: 503.
bool is_shortage(std::int32_t failure);

// As strerrorname_np(3) gives it.
std::string_view failure_name(std::int32_t failure);

}  // namespace fault
