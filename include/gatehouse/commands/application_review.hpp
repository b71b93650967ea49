#pragma once
// What `gatehouse check` says of what stays in memory: Python applications, which are imported once
// to see whether they can be, addresses of applications that run elsewhere, which are connected to
// and asked nothing, and interpreters that are to start scripts warm.

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/options.hpp"
#include "gatehouse/gateway/script_check.hpp"

namespace gatehouse::commands {

struct checked_application {
  std::string name;  // as it is written: "wsgi:flaskapp:app", "--warm python3"
  std::string path;  // below which it answers, "/" for the root; empty: it has no path of its own
  std::vector<gateway::script_finding> findings;
};

// chosen: with its directories resolved. Blocks while applications are imported and connected to.
std::vector<checked_application> review_applications(config::options const& chosen);

// Why a Python application cannot be imported. wrong: as a pool gives it, a heading and then the
// traceback or a sentence. Pure.
gateway::script_finding import_finding(std::string_view python, std::string_view wrong);

// The same of another program that the server keeps: what it printed stands behind the heading.
gateway::script_finding start_finding(std::string_view wrong);

}  // namespace gatehouse::commands
