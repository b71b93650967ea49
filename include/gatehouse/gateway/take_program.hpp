#pragma once
// How a request gets one of the programs that the server keeps in memory.

#include <chrono>
#include <string_view>

#include "gatehouse/base/task.hpp"
#include "gatehouse/http/error.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/process/pool.hpp"

namespace gatehouse::gateway {

// A program for a request: one that is idle, or the first that is when its turn has come. Suspends
// until then, for at most queue_timeout, and notes in the record of the exchange how long it has
// waited. who: what the pool runs, for people. Errors: 503 where there is none in time or too many
// wait, 499 where the client has left.
base::task<http::result<process::pool::lease>> take_program(
    process::pool& from, std::string_view who, std::chrono::steady_clock::duration queue_timeout,
    http::exchange_context& context);

}  // namespace gatehouse::gateway
