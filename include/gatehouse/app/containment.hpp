#pragma once
// What the options say that programs are held to (process/containment.hpp), and what the log says
// about it when the server starts.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/config/options.hpp"
#include "gatehouse/process/containment.hpp"
#include "gatehouse/process/sandbox.hpp"
#include "gatehouse/process/system_call_filter.hpp"

namespace gatehouse::app {

// The limits, priority and privileges. A limit over what the system allows the server is brought
// down to that.
process::containment make_containment(config::server_options const& chosen);

// What lets programs enter a sandbox, for the launcher; nothing without --sandbox. Throws
// std::runtime_error, with a line that names the option, where it cannot be had.
std::optional<process::system_call_filter> make_filter(config::server_options const& chosen);

// The sandbox, or nothing without --sandbox. After privileges are given up. Throws
// std::runtime_error, with a line that names the option, where it cannot be had.
std::shared_ptr<process::sandbox> make_sandbox(config::options const& chosen);

// A line of the log: a warning, or a plain statement.
struct remark {
  bool warning = false;
  std::string_view reason;
  std::string text;
};

// What is in force and what is not. as_root: programs run as root; landlock_version: the kernel's,
// of interest with --sandbox. Pure.
std::vector<remark> containment_remarks(config::options const& chosen, bool as_root,
                                        int landlock_version);

}  // namespace gatehouse::app
