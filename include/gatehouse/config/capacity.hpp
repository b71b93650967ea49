#pragma once
// How many connections a server can have open with the descriptors that the system gives it. Pure.

#include <cstddef>
#include <cstdint>

namespace gatehouse::config {

// At most `wanted`, and as many as leave what the server itself, so many running scripts and so
// many waiting ones (each with a spooled body) need; but never less than a quarter of all.
std::size_t affordable_connections(std::size_t wanted, std::uint64_t descriptors,
                                   std::size_t scripts, std::size_t queue);

}  // namespace gatehouse::config
