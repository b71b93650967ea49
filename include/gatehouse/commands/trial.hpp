#pragma once
// `gatehouse check --run`: a GET for a program, through everything that a request goes through but
// the network, and what there is to say about the way it went.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/gateway/script_check.hpp"
#include "gatehouse/trace/recording.hpp"

namespace gatehouse::commands {

struct trial_result {
  trace::recording seen;
  bool cut = false;  // it was stopped when its time was over
  std::chrono::milliseconds limit{};
};

class trial {
 public:
  // chosen: with its directories resolved; outlives the trial.
  explicit trial(config::options const& chosen,
                 std::chrono::milliseconds limit = base::limits::trial_time);
  trial(trial const&) = delete;
  trial& operator=(trial const&) = delete;
  ~trial();  // kills programs that still run

  // One GET for a path (decoded). Waits for the answer.
  trial_result get(std::string const& path);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

// Pure. The errors first.
std::vector<gateway::script_finding> trial_findings(trial_result const& result);

}  // namespace gatehouse::commands
