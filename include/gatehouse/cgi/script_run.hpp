#pragma once
// One run of a script, as its gateway and its client see it: started, fed and read at the same
// time, and finished. The process behind it is script_process.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "gatehouse/cgi/run_plan.hpp"
#include "gatehouse/cgi/script_input.hpp"
#include "gatehouse/cgi/script_process.hpp"
#include "gatehouse/gateway/responder.hpp"
#include "gatehouse/http/exchange.hpp"

namespace gatehouse::cgi {

class script_run final : public gateway::responder {
 public:
  // Starts the script. Suspends until it has printed something, or ended, or runs for a moment
  // already. From then on the script is stopped when the client leaves. Errors are the system's: of
  // pipe(2), clone(2), execve(2), chdir(2); or of the input.
  static base::task<base::result<std::unique_ptr<script_run>>> start(
      run_plan plan, process::launcher& launcher, run_limits limits,
      http::exchange_context& context);
  // Stops the script if it still runs and finish() did not let it go.
  ~script_run() override;

  // The end of the output is the end of the pipe. When the script's first process has ended and
  // another holds the pipe, it also comes after limits::left_output_time without output. Errors:
  // errc::timed_out after either deadline, an error of the input, errc::client_gone, or the
  // system's for one of the pipes; the script is then stopped.
  base::task<base::result<std::size_t>> read_output(boost::asio::mutable_buffer buffer) override;
  base::task<base::result<std::optional<std::size_t>>> read_output_within(
      boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration limit) override;
  std::optional<std::size_t> read_output_at_once(boost::asio::mutable_buffer buffer) override;

  // A script whose output has ended has a moment to end by itself and may then go on without us;
  // any other is stopped. Notes its status in the context's record.
  base::task<void> finish() override;

  gateway::program_end end_now() override;
  base::task<gateway::program_end> end() override;
  std::string log_name() const override { return process_->log_name(); }

  http::http_error failure(base::error_code const& why) const override;
  base::task<http::diagnosis> diagnosis() override;

 private:
  script_run(http::exchange_context& context, run_plan& plan, run_limits const& limits);
  std::optional<base::result<std::size_t>> look_at_output(boost::asio::mutable_buffer buffer);

  http::exchange_context* context_;  // null once it is finished
  run_limits limits_;
  std::string file_;
  bool interpreted_;  // by a program that --interpreter names
  std::string path_variable_;
  bool no_new_privileges_;
  std::shared_ptr<script_process> process_;  // shared with what feeds it and logs its stderr
  script_input input_;
  bool output_ended_ = false;
};

}  // namespace gatehouse::cgi
