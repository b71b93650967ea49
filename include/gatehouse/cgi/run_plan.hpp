#pragma once
// How a script that was found is to be run: what it is started with, and what it reads. The second
// step of the CGI gateway (gateway.hpp); here a request becomes a program's arguments, environment,
// directory and standard input (RFC 3875, 4 and 7.2).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/cgi/gateway_rules.hpp"
#include "gatehouse/cgi/script_slots.hpp"
#include "gatehouse/gateway/script_target.hpp"
#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::cgi {

// What goes into a script. At most one of body and file is there.
struct script_input_plan {
  http::body_source* body = nullptr;            // read until its end; outlives the run's finish()
  std::unique_ptr<http::body_source> buffered;  // owns body if that is not the request's own
  // All of body can be read without suspending, and is at most limits::small_body_bytes.
  bool readable_at_once = false;
  base::unique_fd file;                 // the whole body, at its first byte
  base::budget::part spooled;           // what file takes
  std::optional<std::uint64_t> length;  // of the body, if there is one
};

struct run_plan {
  process::program program;  // its descriptors are filled in by the run
  std::string name;          // for the log: the URL path of the script
  std::string path_variable;
  script_input_plan input;
  script_slots::slot slot;  // given back, like the room of the input, when the script has ended
};

// The request body as what a script reads, with its length. A chunked one is spooled first, because
// its length has to be known before the script starts (RFC 3875, 4.1.2), and one that does not come
// at once is waited for (buffered_body.hpp). Suspends until then. Errors: those of the body and of
// process::spool_file.
base::task<base::result<script_input_plan>> plan_input(gateway_rules const& rules,
                                                       http::request const& request,
                                                       http::body_source& body,
                                                       http::exchange_context const& context);

// Everything else. Reports the variables and the program to the recorder.
run_plan plan_run(gateway_rules const& rules, gateway::script_target const& target,
                  http::request const& request, script_input_plan input,
                  http::exchange_context const& context);

}  // namespace gatehouse::cgi
