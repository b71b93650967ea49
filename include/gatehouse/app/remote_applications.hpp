#pragma once
// The kinds of map that are asked by FastCGI, SCGI or uwsgi: at an address, or, but for uwsgi, in
// programs of ours. What the rows of the table of kinds are made of.

#include <memory>

#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/app/program_settings.hpp"
#include "gatehouse/remote/protocol.hpp"

namespace gatehouse::app {

// Of programs of ours.
inline constexpr config::map_key program_keys[] = {{"workers", check_workers},
                                                   {"requests", check_requests},
                                                   {"idle", check_idle},
                                                   {"dir", check_not_empty}};

// A path has a slash, and does not begin as the address of a Unix socket does.
bool is_program(std::string_view target);

config::complaint check_addresses(std::string_view text);
config::complaint check_addresses_or_program(std::string_view text);

// See map_kind. The mapping's kind names the protocol.
std::shared_ptr<gateway::application> make_remote(config::mapping const& what,
                                                  remote::rules const& by);
std::unique_ptr<http::handler> make_mapped(config::mapping const& what, site_parts const& parts);
std::shared_ptr<process::pool> keep_programs(config::mapping const& what, kept_parts const& parts,
                                             gateway::application& application);
std::shared_ptr<process::pool> keep_mapped(config::mapping const& what, kept_parts const& parts,
                                           http::handler& handler);

}  // namespace gatehouse::app
