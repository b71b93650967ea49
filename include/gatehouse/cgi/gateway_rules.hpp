#pragma once
// What all CGI gateways of one configuration share: how scripts are described, held and run.

#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/cgi/script_lookup.hpp"
#include "gatehouse/cgi/script_slots.hpp"
#include "gatehouse/gateway/meta_variables.hpp"
#include "gatehouse/process/containment.hpp"
#include "gatehouse/process/launcher.hpp"
#include "gatehouse/process/templates.hpp"

namespace gatehouse::cgi {

struct run_limits {
  std::chrono::steady_clock::duration silence;  // no output and no input taken for so long: stopped
  std::chrono::steady_clock::duration deadline;  // of the whole run; zero: none
  std::chrono::steady_clock::duration grace;     // between TERM and KILL
};

// Outlives the gateways.
struct gateway_rules {
  gateway::variable_rules variables;
  std::vector<interpreter> interpreters;
  std::vector<std::string> index;  // names of programs that answer for their directory
  std::string path_variable;       // PATH as scripts get it
  rlim_t descriptor_limit = 0;     // see process::program
  std::shared_ptr<process::containment const> held_by;  // see process::program
  run_limits limits{};
  std::chrono::steady_clock::duration queue_timeout{};
  script_slots* slots = nullptr;
  std::shared_ptr<base::budget> spool_space;           // of request bodies
  std::shared_ptr<process::templates> warm;            // see process::program
  std::vector<process::template_kind> template_kinds;  // that --warm names
  std::string_view why_no_templates;  // in a few words; empty: there are some, or none are wanted
  process::launcher* launcher = nullptr;  // null: programs are described to the recorder, not run
};

}  // namespace gatehouse::cgi
