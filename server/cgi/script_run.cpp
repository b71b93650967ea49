#include "gatehouse/cgi/script_run.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/gateway/script_check.hpp"
#include "gatehouse/process/order.hpp"
#include "gatehouse/process/pipe.hpp"
#include "gatehouse/process/standard_streams.hpp"

namespace gatehouse::cgi {
namespace {

using fault = script_process::fault;

// A read that returns so much found the pipe nearly full, because the script is faster than its
// client.
constexpr std::size_t full_read = base::limits::stream_buffer_bytes / 2;

// 126 and 127 are what env(1) and shells exit with when they could not start a program.
bool could_not_start(int wait_status) {
  return WIFEXITED(wait_status) &&
         (WEXITSTATUS(wait_status) == 126 || WEXITSTATUS(wait_status) == 127);
}

}  // namespace

script_run::script_run(http::exchange_context& context, run_plan& plan, run_limits const& limits)
    : context_(&context),
      limits_(limits),
      file_(plan.program.script),
      interpreted_(plan.program.path != plan.program.script),
      path_variable_(std::move(plan.path_variable)),
      no_new_privileges_(plan.program.held_by != nullptr &&
                         plan.program.held_by->no_new_privileges),
      process_(std::make_shared<script_process>(context, plan, limits)),
      input_(process_) {}

base::task<base::result<std::unique_ptr<script_run>>> script_run::start(
    run_plan plan, process::launcher& launcher, run_limits limits,
    http::exchange_context& context) {
  auto* body = plan.input.body;
  if (plan.input.file) plan.program.standard_input = std::move(plan.input.file);
  auto ours = process::connect(plan.program, process::is_fed{body != nullptr});
  if (ours.has_error()) co_return ours.error();
  if (body != nullptr && plan.input.readable_at_once) {
    auto const error = co_await put_whole_body(*body, ours->input.get(), context);
    if (error) co_return error;
    ours->input.reset();
    body = nullptr;
  }

  std::unique_ptr<script_run> run(new script_run(context, plan, limits));
  auto const process = run->process_;
  if (auto const error = process->adopt(ours->output, std::move(ours->error))) co_return error;
  if (body != nullptr) {
    if (auto const error = run->input_.adopt(ours->input)) co_return error;
  }
  process::order ordered(context.get_executor(), launcher, std::move(plan.program),
                         std::move(plan.name), limits.grace);
  process->watch_client();
  // The first output tells that the script runs, and the end of its output that it has ended or
  // could not be started, so nobody needs to be woken by the launcher. While the exchange is
  // traced, the launcher is asked, because the time of the start is part of the trace.
  if (body == nullptr && !process->traced()) co_await process->output().readable();
  auto child = co_await ordered.child();
  if (child.has_error()) co_return child.error();
  process->begin(std::move(*child), ordered.way());
  if (body != nullptr) run->input_.begin(*body, std::move(plan.input.buffered));
  co_return std::move(run);
}

script_run::~script_run() {
  process_->leave_exchange();
  if (context_ != nullptr && process_->has_started()) process_->stop();
  process_->watch();  // The process keeps its place as long as the script runs.
}

base::task<base::result<std::size_t>> script_run::read_output(boost::asio::mutable_buffer buffer) {
  while (true) {
    if (auto const told = look_at_output(buffer)) co_return *told;
    co_await process_->output_or_end();
  }
}

base::task<base::result<std::optional<std::size_t>>> script_run::read_output_within(
    boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration limit) {
  bool over = false;
  base::deadline pause(context_->get_executor(), [&over, process = process_] {
    over = true;
    process->output().cancel();
  });
  pause.set(limit);
  while (!over) {
    if (auto const told = look_at_output(buffer)) {
      if (told->has_error()) co_return told->error();
      co_return std::optional<std::size_t>(**told);
    }
    co_await process_->output_or_end();
  }
  co_return std::optional<std::size_t>();
}

// What read_output() would return now, or nothing if it would have to wait.
std::optional<base::result<std::size_t>> script_run::look_at_output(
    boost::asio::mutable_buffer buffer) {
  if (process_->failure()) return process_->failure();
  if (auto const got = read_output_at_once(buffer)) return *got;
  if (process_->failure()) return process_->failure();
  if (!process_->is_over()) return std::nullopt;
  output_ended_ = true;
  return std::size_t{0};
}

std::optional<std::size_t> script_run::read_output_at_once(boost::asio::mutable_buffer buffer) {
  if (process_->failure()) return std::nullopt;
  if (output_ended_) return std::size_t{0};
  auto& output = process_->output();
  auto const read = process::read_now(output.get(), buffer);
  if (read.has_error()) process_->fail(fault::system, read.error());
  if (read.has_error() || !read->has_value()) return std::nullopt;
  auto const got = *read;
  output_ended_ = *got == 0;
  if (output_ended_) process_->leave_output();
  if (*got >= full_read) output.widen_once();
  if (*got > 0) process_->report_output({static_cast<char const*>(buffer.data()), *got});
  return got;
}

base::task<void> script_run::finish() {
  process_->leave_client();
  co_await input_.end();
  if (output_ended_ && !process_->failure()) {
    bool const ended = co_await process_->ended_soon();
    if (!ended) process_->child().let_go();
  } else {
    process_->stop();
  }
  process_->leave_output();
  context_->record.script_status = process_->status();
  context_ = nullptr;
  process_->leave_exchange();
  process_->output().close();
}

gateway::program_end script_run::end_now() {
  using gateway::ending;
  if (!process_->has_ended()) return {};
  int const status = *process_->status();
  gateway::program_end out{.how = ending::well, .text = base::exit_text(status)};
  out.wrote_errors = !process_->stderr_lines().empty();
  if (process_->was_stopped()) {
    out.how = ending::stopped;
  } else if (WIFSIGNALED(status)) {
    out.how = ending::broken;
  } else if (status != 0) {
    out.how = ending::failed;
  }
  bool const by_itself = out.how == ending::broken || out.how == ending::failed;
  if (by_itself && no_new_privileges_) {
    if (auto const help = gateway::check_set_id(file_)) out.remark = help->explanation;
  }
  return out;
}

base::task<gateway::program_end> script_run::end() {
  co_await process_->ended_soon();
  co_return end_now();
}

http::http_error script_run::failure(base::error_code const& why) const {
  switch (process_->what_failed()) {
    case fault::silence:
      return gateway::script_timeout(limits_.silence, true);
    case fault::deadline:
      return gateway::script_timeout(limits_.deadline, false);
    default:
      return gateway::pipe_failure(why);
  }
}

base::task<http::diagnosis> script_run::diagnosis() {
  using gateway::ending;
  http::diagnosis out;
  out.file = file_;
  auto const ended = co_await end();
  auto const add = [&](std::string const& sentence) {
    out.explanation += (out.explanation.empty() ? "" : " ") + sentence;
  };
  // The error says already that a script was stopped; its signal would add nothing.
  if (ended.how == ending::failed || ended.how == ending::broken)
    add("The script " + ended.text + ".");
  for (auto const& limit : process_->limits_met()) add("It " + limit + ".");
  auto const status = process_->status();
  if (status && could_not_start(*status)) {
    if (auto const help = gateway::check_script(file_, {path_variable_, interpreted_})) {
      add(help->explanation);
      out.command = help->command;
    }
  }
  if (!ended.remark.empty()) add(ended.remark);
  out.stderr_lines = process_->stderr_lines();
  co_return out;
}

}  // namespace gatehouse::cgi
