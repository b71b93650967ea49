#pragma once
// How a script that was found is to be run: what it is started with, and what it reads. The second
// step of the CGI gateway (gateway.hpp); here a request becomes a program's arguments, environment,
// directory and standard input (RFC 3875, 4 and 7.2).

#include <string>
#include <string_view>

#include "gatehouse/cgi/gateway_rules.hpp"
#include "gatehouse/cgi/script_slots.hpp"
#include "gatehouse/gateway/input_plan.hpp"
#include "gatehouse/gateway/script_target.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::cgi {

struct run_plan {
  process::program program;  // its descriptors are filled in by the run
  std::string name;          // for the log: the URL path of the script
  std::string path_variable;
  std::string_view why_no_templates;  // see gateway_rules
  gateway::input_plan input;
  script_slots::slot slot;  // given back, like the room of the input, when the script has ended
};

// input: see gateway/input_plan.hpp. Reports the variables and the program to the recorder.
run_plan plan_run(gateway_rules const& rules, gateway::script_target const& target,
                  http::request const& request, gateway::input_plan input,
                  http::exchange_context const& context);

}  // namespace gatehouse::cgi
