#pragma once
// The CGI gateway (RFC 3875): a handler whose transport is the pipes of a child process, whose
// encoding is the environment and standard input, and whose decoding is the script-response parser.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/cgi/script_lookup.hpp"
#include "gatehouse/cgi/script_run.hpp"
#include "gatehouse/cgi/script_slots.hpp"
#include "gatehouse/gateway/meta_variables.hpp"
#include "gatehouse/http/handler.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::cgi {

// What all gateways of a server share; outlives them.
struct gateway_rules {
  gateway::variable_rules variables;
  std::vector<interpreter> interpreters;
  std::string path_variable;                            // PATH as scripts get it
  rlim_t descriptor_limit = 0;                          // see process::program
  std::shared_ptr<process::containment const> held_by;  // see process::program
  run_limits limits{};
  std::chrono::steady_clock::duration queue_timeout{};
  script_slots* slots = nullptr;
  std::shared_ptr<base::budget> spool_space;  // of chunked request bodies
  process::launcher* launcher = nullptr;  // null: programs are described to the recorder, not run
};

// Runs a script that has been found. Errors: 400 (a line break in PATH_INFO), 403 (not executable),
// 413 and 400 (request body), 431 (more fields than a program can start with), 500 (cannot be
// started), 502 (what it printed), 503 (no place, or out of descriptors or processes), 504 (too
// slow), 499 (the client has left).
base::task<http::outcome> run_script(gateway_rules const& rules, gateway::script_target target,
                                     http::request const& request, http::body_source& request_body,
                                     http::exchange_context& context);

// Serves the programs of a directory, or one program, at a URL prefix.
class prefix_gateway final : public http::handler {
 public:
  // where: a directory of programs, or one program.
  prefix_gateway(gateway_rules const& rules, std::string prefix, std::filesystem::path where);

  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  gateway_rules const& rules_;
  std::string prefix_;
  std::filesystem::path where_;
  bool single_;
};

// Serves the programs among the files of a document root, and leaves all other paths to another
// handler.
class extension_gateway final : public http::handler {
 public:
  // files outlives the handler.
  extension_gateway(gateway_rules const& rules, script_rules among, http::handler& files);

  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context& context) override;
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  gateway_rules const& rules_;
  script_rules among_;
  http::handler& files_;
};

}  // namespace gatehouse::cgi
