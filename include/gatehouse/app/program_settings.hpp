#pragma once
// What the KEY=VALUE pairs of a map say of programs that the server keeps, whatever their kind.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/app/map_kinds.hpp"

namespace gatehouse::app {

// What is wrong with a value, for the table of a kind's keys.
config::complaint check_workers(std::string_view value);
config::complaint check_requests(std::string_view value);
config::complaint check_idle(std::string_view value);
config::complaint check_not_empty(std::string_view value);
config::complaint check_count(std::string_view value, std::uint64_t least, std::uint64_t most);

// The value of a key; nothing where it is not given.
std::optional<std::string> setting_of(config::mapping const& what, std::string_view key);
// The value of a key that counts, which was checked when it was read.
std::uint64_t count_of(config::mapping const& what, std::string_view key, std::uint64_t otherwise);

// dir=, made absolute; otherwise `otherwise`.
std::string directory_of(config::mapping const& what,
                         std::filesystem::path const& otherwise = std::filesystem::current_path());

// How many programs a pool has, and when they are replaced. name: for the log.
process::pool_rules pool_rules_of(config::mapping const& what, std::string name,
                                  config::server_options const& server);

// The environment that programs start with: PATH and what --env names.
std::vector<std::string> environment_of(cgi::gateway_rules const& scripts);

}  // namespace gatehouse::app
