#pragma once
// The kind of map that is a Python application (WSGI) in workers of ours: its keys, its handler and
// its pool. Rows of the table of kinds.

#include <memory>

#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/app/program_settings.hpp"

namespace gatehouse::app {

config::complaint check_threads(std::string_view value);
config::complaint check_switch(std::string_view value);

inline constexpr config::map_key wsgi_keys[] = {
    {"workers", check_workers}, {"threads", check_threads}, {"requests", check_requests},
    {"idle", check_idle},       {"dir", check_not_empty},   {"python", check_not_empty},
    {"preload", check_switch},
};

std::unique_ptr<http::handler> make_application(config::mapping const& what,
                                                site_parts const& parts);
std::shared_ptr<process::pool> keep_workers(config::mapping const& what, kept_parts const& parts,
                                            http::handler& handler);

}  // namespace gatehouse::app
