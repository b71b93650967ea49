#pragma once
// The programs that a server keeps in memory, at its start, at a reload and at its end.

#include <chrono>
#include <optional>
#include <string>

#include "gatehouse/app/sites.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/life/generation.hpp"
#include "gatehouse/process/program_keeper.hpp"

namespace gatehouse::app {

// Starts those of a generation, and gives what is wrong if one of them cannot be. Blocks, and
// SIGTERM and SIGINT end the process meanwhile.
std::optional<std::string> start_programs_now(life::generation const& of);

// The same of sites that got ready, or of one pool.
std::optional<std::string> start_programs_now(sites& of);
std::optional<std::string> start_programs_now(process::pool& of);

// The same of a generation, but suspends instead.
base::task<std::optional<std::string>> start_programs(base::executor ex,
                                                      life::generation const& of);

// Has all programs end: by themselves when nothing is asked of them any more, and by force when the
// grace period is over. Suspends until they have.
base::task<void> end_programs(base::executor ex, process::program_keeper& keeper,
                              std::chrono::steady_clock::duration grace);

}  // namespace gatehouse::app
