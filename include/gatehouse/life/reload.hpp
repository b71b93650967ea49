#pragma once
// What a configuration that is read again can change: all but what the process was built on when it
// started.

#include <string_view>
#include <vector>

#include "gatehouse/config/options.hpp"

namespace gatehouse::life {

// Gives the options that cannot change while the server runs (port, bind, user, group, threads,
// takeover, the limits on connections, what makes the sandbox) their values of now. Gives the names
// of those that were to change. Pure.
std::vector<std::string_view> keep_fixed(config::server_options& next,
                                         config::server_options const& now);

}  // namespace gatehouse::life
