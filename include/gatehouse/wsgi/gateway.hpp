#pragma once
// The gateway to Python applications (WSGI, PEP 3333) in workers of ours: a request becomes
// variables as for a CGI script, goes to a worker of the application's pool (dialogue.hpp), and its
// answer is read as that of a script.

#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/gateway/meta_variables.hpp"
#include "gatehouse/http/handler.hpp"
#include "gatehouse/process/pool.hpp"
#include "gatehouse/trace/event.hpp"
#include "gatehouse/wsgi/worker_run.hpp"

namespace gatehouse::wsgi {

struct gateway_rules {
  std::string prefix;  // of the URL paths that it answers; "" is the root
  run_rules run;
  gateway::variable_rules variables;
  std::shared_ptr<base::budget> spool_space;  // of request bodies
  std::vector<trace::fact> facts{};           // how its workers are run, for people
};

class application_gateway final : public http::handler {
 public:
  explicit application_gateway(gateway_rules rules) : rules_(std::move(rules)) {}

  // From now on requests are answered, and not only described.
  void serve_with(std::shared_ptr<process::pool> workers) { workers_ = std::move(workers); }

  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  gateway::script_target target_of(http::request const& request) const;

  gateway_rules const rules_;
  std::shared_ptr<process::pool> workers_;  // null: described to the recorder, not run
};

}  // namespace gatehouse::wsgi
