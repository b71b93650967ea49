#pragma once
// One run of a script: the process, its three pipes, and the deadlines. Standard input is fed and
// standard output is read at the same time; each only as fast as the other side takes it.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/cgi/script_slots.hpp"
#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/process/child_process.hpp"

namespace gatehouse::cgi {

struct run_limits {
  std::chrono::steady_clock::duration silence;  // no output and no input taken for so long: stopped
  std::chrono::steady_clock::duration whole;    // of the whole run; zero: none
  std::chrono::steady_clock::duration grace;    // between TERM and KILL
};

// What to run and what goes into it.
struct run_plan {
  process::program program;            // its descriptors are filled in by the run
  std::string name;                    // for the log: the URL path of the script
  http::body_source* input = nullptr;  // read until its end; outlives the run's finish()
  bool input_at_hand =
      false;  // all of input can be read now and is at most limits::small_body_bytes
  base::unique_fd input_file;  // instead of input: the whole body, at its first byte
  base::budget::part spooled;  // what input_file takes
  script_slots::slot slot;     // given back, like the room above, when the script has ended
};

class script_run {
 public:
  // Starts the script. Suspends until it has printed something, or ended, or runs for a moment
  // already. From then on the script is stopped when the client leaves. Errors are the system's: of
  // pipe(2), clone(2), execve(2), chdir(2); or of the input.
  static base::task<base::result<std::unique_ptr<script_run>>> start(
      run_plan plan, process::launcher& launcher, run_limits limits,
      http::exchange_context& context);
  script_run(script_run const&) = delete;
  script_run& operator=(script_run const&) = delete;
  // Stops the script if it still runs and finish() did not let it go.
  ~script_run();

  // The next bytes of standard output; 0 at its end, which comes when the pipe is at its end, or
  // when the script has ended and the pipe is drained (a descendant that holds it open does not
  // count). Errors: errc::timed_out after either deadline, an error of the input,
  // errc::client_gone, or the system's for one of the pipes; the script is then stopped.
  base::task<base::result<std::size_t>> read_output(boost::asio::mutable_buffer buffer);

  // The same as far as it can be told without suspending; nothing if the script has to be awaited.
  std::optional<std::size_t> read_output_at_once(boost::asio::mutable_buffer buffer);

  // Ends what touches the exchange. A script whose output has ended has a moment to end by itself
  // and may then go on without us; any other is stopped. Notes its status in the context's record.
  base::task<void> finish();

  // How the script ended, as from wait(2); suspends for a moment if it is just about to.
  base::task<std::optional<int>> ended();

  // The last lines of its standard error.
  std::vector<std::string> stderr_lines() const;

  // The limits of its containment that it has met (script_limit.hpp), once it has ended.
  std::vector<std::string> const& limits_met() const;

  // Whether read_output ran into the silence deadline or into the one of the whole run.
  bool was_silent_too_long() const;

  // Whether the run failed because its input did, and not by the script's fault.
  bool input_failed() const;

 private:
  struct state;
  class end_of_feeding;
  explicit script_run(std::shared_ptr<state> s) : state_(std::move(s)) {}
  static base::task<void> feed_input(std::shared_ptr<state> s, http::body_source& input);
  static base::task<base::result<std::size_t>> pass_input(std::shared_ptr<state> s,
                                                          http::body_source& input,
                                                          boost::asio::mutable_buffer buffer);
  static base::task<base::error_code> write_input(std::shared_ptr<state> s, std::string_view bytes);
  static base::task<base::error_code> input_room(std::shared_ptr<state> s);
  static base::task<void> log_stderr(std::shared_ptr<state> s);

  std::shared_ptr<state> state_;  // shared with the coroutines that feed stdin and log stderr
};

}  // namespace gatehouse::cgi
