#include "gatehouse/wsgi/gateway.hpp"

#include <algorithm>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/answer.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/gateway/input_plan.hpp"
#include "gatehouse/gateway/take_program.hpp"
#include "gatehouse/http/target.hpp"
#include "gatehouse/trace/recorder.hpp"
#include "gatehouse/wsgi/frames.hpp"

namespace gatehouse::wsgi {
namespace {

using base::limits::kept_body_bytes;

void report(gateway_rules const& rules, std::vector<gateway::meta_variable> const& variables,
            http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  trace(trace::application_described{"WSGI", rules.run.application, rules.facts});
  for (auto const& v : variables)
    trace(trace::variable{v.name, v.value, v.from, v.clause, v.source});
}

// The first of a body: what can be had of it without waiting.
base::task<base::result<std::string>> first_of_body(gateway::input_plan const& input,
                                                    http::exchange_context const& context) {
  std::string out;
  if (input.body == nullptr || input.body->available() == 0) co_return out;
  out.resize(std::min(input.body->available(), kept_body_bytes));
  auto const read = co_await input.body->read_some(boost::asio::buffer(out));
  if (read.has_error()) co_return read.error();
  out.resize(*read);
  trace::recorder const trace(context);
  trace(trace::stdin_bytes{out});
  co_return out;
}

}  // namespace

// SCRIPT_NAME is the prefix, and PATH_INFO the rest, which is always there.
gateway::script_target application_gateway::target_of(http::request const& request) const {
  gateway::script_target out;
  out.script_name = rules_.prefix;
  out.path_info = http::path_below(request.target.path, rules_.prefix).value_or("");
  out.file = rules_.run.directory;
  return out;
}

base::task<http::outcome> application_gateway::handle(http::request const& request,
                                                      http::body_source& request_body,
                                                      http::exchange_context& context) {
  auto const target = target_of(request);
  context.record.script = rules_.run.application;
  context.record.application = rules_.run.application;
  if (auto error = gateway::check_path_info(target)) co_return std::move(*error);
  auto input = co_await gateway::plan_input(request, request_body, rules_.spool_space, context,
                                            kept_body_bytes);
  if (input.has_error()) co_return gateway::body_failure(input.error());
  auto const length = input->length;
  auto const variables = gateway::meta_variables(request, target, context.client(),
                                                 rules_.variables, length, context.redirect_url);
  report(rules_, variables, context);
  if (!workers_) co_return gateway::programs_not_run();
  auto first = co_await first_of_body(*input, context);
  if (first.has_error()) co_return gateway::body_failure(first.error());
  auto worker = co_await gateway::take_program(*workers_, rules_.run.application,
                                               rules_.run.queue_timeout, context);
  if (worker.has_error()) co_return worker.error();
  context.note_contention(&workers_->waiting());
  auto const with =
      std::make_shared<dialogue>(context, std::move(*input), request_frame(variables, *first),
                                 length.value_or(0) - first->size(), rules_.run.limits);
  // Whatever fails from here on, the worker is left in order: worker_run sees to that.
  auto run = std::make_unique<worker_run>(*workers_, rules_.run, context, with);
  run->begin(std::move(*worker));
  // A conversion within an awaited expression would be destroyed twice by gcc 12.
  std::unique_ptr<gateway::responder> program = std::move(run);
  auto answer = co_await gateway::read_answer(std::move(program), request, context);
  co_return answer;
}

}  // namespace gatehouse::wsgi
