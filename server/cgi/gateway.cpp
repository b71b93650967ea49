#include "gatehouse/cgi/gateway.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "gatehouse/cgi/run_plan.hpp"
#include "gatehouse/cgi/script_review.hpp"
#include "gatehouse/cgi/script_run.hpp"
#include "gatehouse/gateway/answer.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/http/target.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::cgi {
namespace {

// RFC 3875, 5: such a script's name begins with "nph-".
bool writes_whole_response(gateway::script_target const& target) {
  return target.file.filename().native().starts_with("nph-");
}

bool is_sandboxed(gateway_rules const& rules) {
  return rules.held_by != nullptr && rules.held_by->sandbox != nullptr;
}

void report_target(gateway::script_target const& target, http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  std::string const file = target.file.string();
  trace::script_found found{target.script_name, std::nullopt, file, target.interpreter};
  if (target.path_info) found.path_info = *target.path_info;
  trace(found);
}

// Gives the application that is to be asked instead of starting the script; null if there is none.
gateway::application* find_interpreter(gateway::script_target& target,
                                       std::vector<interpreter> const& interpreters) {
  auto const* const found = interpreter_for(interpreters, target.file);
  if (found == nullptr) return nullptr;
  if (found->application) return found->application.get();
  target.interpreter = found->program;
  target.interpreter_arguments = found->arguments;
  return nullptr;
}

// The address of a directory ends in a slash, so that relative references in the answer lead to
// what is in the directory.
http::response redirect_to_slash(http::target const& target) {
  http::response response;
  response.status = 301;
  response.fields.add("Location", http::path_reference(target.path) + "/" +
                                      (target.has_query ? "?" + target.query : ""));
  return response;
}

// The refusal of a file that cannot be started. One that only lies among the programs, such as a
// source, is not to be made one.
std::optional<http::http_error> refuse_to_start(gateway::script_target const& target,
                                                std::string const& path_variable) {
  auto error = gateway::check_permission(target, path_variable);
  if (!error || !target.interpreter.empty() || !is_no_program(target.file, false)) return error;
  error->help.explanation =
      "It lies among the programs and is none: it has neither an execute bit nor a #! line.";
  error->help.command.clear();
  return error;
}

// Waits for a place among the scripts that run; the error says why there is none.
base::task<http::result<script_slots::slot>> take_place(gateway_rules const& rules,
                                                        http::exchange_context& context) {
  std::unique_ptr<http::subscription> client;
  std::function<void(std::function<void()>)> const on_wait = [&](std::function<void()> give_up) {
    client = context.when_client_leaves(std::move(give_up));
  };
  auto place = co_await rules.slots->acquire(context.get_executor(), rules.queue_timeout, on_wait);
  if (!place.place) co_return gateway::no_place(place.why, rules.queue_timeout);
  context.note_contention(&rules.slots->waiting());
  co_return std::move(*place.place);
}

}  // namespace

base::task<http::outcome> run_script(gateway_rules const& rules, gateway::script_target target,
                                     http::request const& request, http::body_source& request_body,
                                     http::exchange_context& context) {
  if (auto* const application = find_interpreter(target, rules.interpreters)) {
    auto told = co_await application->ask(std::move(target), request, request_body, context);
    co_return told;
  }
  context.record.script = target.script_name;
  report_target(target, context);
  if (auto error = gateway::check_path_info(target)) co_return std::move(*error);
  if (auto error = refuse_to_start(target, rules.path_variable)) co_return std::move(*error);

  auto input = co_await gateway::plan_input(request, request_body, rules.spool_space, context);
  if (input.has_error()) co_return gateway::body_failure(input.error());
  auto place = co_await take_place(rules, context);
  if (place.has_error()) co_return place.error();
  auto plan = plan_run(rules, target, request, std::move(*input), context);
  plan.slot = std::move(*place);

  if (rules.launcher == nullptr) co_return gateway::programs_not_run();
  auto run = co_await script_run::start(std::move(plan), *rules.launcher, rules.limits, context);
  if (run.has_error()) {
    co_return gateway::start_failure(run.error(), target, rules.path_variable, is_sandboxed(rules));
  }
  // A conversion within an awaited expression would be destroyed twice by gcc 12.
  std::unique_ptr<gateway::responder> program = std::move(*run);
  http::outcome answer;
  if (writes_whole_response(target)) {
    answer = co_await gateway::read_raw_answer(std::move(program), context);
  } else {
    answer = co_await gateway::read_answer(std::move(program), request, context);
  }
  co_return answer;
}

prefix_gateway::prefix_gateway(gateway_rules const& rules, std::string prefix,
                               std::filesystem::path where)
    : rules_(rules),
      prefix_(std::move(prefix)),
      where_(std::move(where)),
      single_(!std::filesystem::is_directory(where_)) {}

base::task<http::outcome> prefix_gateway::handle(http::request const& request,
                                                 http::body_source& request_body,
                                                 http::exchange_context& context) {
  auto found = find(request, context);
  if (auto* const answer = std::get_if<http::outcome>(&found))
    return http::answered(std::move(*answer));
  return run_script(rules_, std::get<gateway::script_target>(std::move(found)), request,
                    request_body, context);
}

prefix_gateway::finding prefix_gateway::find(http::request const& request,
                                             http::exchange_context const& context) const {
  auto const rest = http::path_below(request.target.path, prefix_).value_or("");
  if (single_) return single_script(where_, prefix_, rest);
  auto found = find_in_directory(where_, prefix_, rest);
  if (found.has_value()) return std::move(*found);
  if (found.error().status != 404) return found.error();
  auto index = find_index(where_, prefix_, rest, rules_.index, rules_.interpreters);
  if (index.has_error()) return index.error();
  if (!index->has_value()) return not_found(found.error(), rest, context);
  bool const may_go_there = request.method == "GET" || request.is_head();
  if (!rest.ends_with('/') && may_go_there) return redirect_to_slash(request.target);
  return std::move(**index);
}

// Says where the program was looked for and suggests the nearest name, but only to clients that are
// shown details: others are not to learn which programs there are.
http::http_error prefix_gateway::not_found(http::http_error error, std::string_view rest,
                                           http::exchange_context const& context) const {
  if (!context.client().is_local()) return error;
  if (rest.empty() || rest == "/") {
    error.help.explanation = "This is the address of the programs in " + where_.string() +
                             ". The name of one of them has to follow.";
    return error;
  }
  error.help.explanation = "There is no program of this name in " + where_.string() + ".";
  auto const near = nearest_program(where_, prefix_, rest);
  if (!near) return error;
  error.help.nearest = http::percent_encoded_path(*near);
  error.help.explanation += " Did you mean " + error.help.nearest + "?";
  return error;
}

extension_gateway::extension_gateway(gateway_rules const& rules, script_rules among,
                                     std::unique_ptr<http::handler> files)
    : rules_(rules), among_(std::move(among)), files_(std::move(files)) {}

std::optional<http::outcome> extension_gateway::answer_at_once(http::request const& request,
                                                               http::exchange_context& context) {
  auto const rest = http::path_below(request.target.path, among_.prefix).value_or("");
  if (may_be_among_files(among_, rest)) return std::nullopt;
  return files_->answer_at_once(request, context);
}

base::task<http::outcome> extension_gateway::handle(http::request const& request,
                                                    http::body_source& request_body,
                                                    http::exchange_context& context) {
  auto const rest = http::path_below(request.target.path, among_.prefix).value_or("");
  auto target = find_among_files(among_, rest);
  if (target.has_error()) return http::answered(target.error());
  if (!target->has_value()) return files_->handle(request, request_body, context);
  return run_script(rules_, std::move(**target), request, request_body, context);
}

}  // namespace gatehouse::cgi
