#include "gatehouse/remote/gateway.hpp"

#include <stdexcept>
#include <utility>

#include "gatehouse/gateway/answer.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/gateway/input_plan.hpp"
#include "gatehouse/http/target.hpp"
#include "gatehouse/remote/run.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::remote {
namespace {

std::string text_of(std::vector<upstream::address> const& at) {
  std::string out;
  for (std::size_t i = 0; i < at.size(); ++i) out += (i > 0 ? "," : "") + at[i].text();
  return out;
}

std::vector<upstream::endpoint> endpoints_of(std::vector<upstream::address> const& at) {
  std::vector<upstream::endpoint> out;
  for (auto const& each : at) {
    auto found = upstream::resolve(each);
    if (found.has_error()) throw std::runtime_error(each.text() + ": " + found.error().text);
    out.insert(out.end(), found->begin(), found->end());
  }
  return out;
}

// RFC 9110, 9.2.1.
bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

void report_target(gateway::script_target const& target, std::string const& who,
                   http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  std::string const file = target.file.string();
  trace::script_found found{target.script_name, std::nullopt, file.empty() ? who : file,
                            file.empty() ? std::string_view() : std::string_view(who)};
  if (target.path_info) found.path_info = *target.path_info;
  trace(found);
}

void report(std::vector<gateway::meta_variable> const& variables, trace::recorder const& trace) {
  if (!trace) return;
  for (auto const& each : variables)
    trace(trace::variable{each.name, each.value, each.from, each.clause, each.source});
}

}  // namespace

remote_application::remote_application(protocol how, std::vector<upstream::address> const& at,
                                       rules const& by)
    : how_(how),
      place_(text_of(at)),
      text_(std::string(name_of(how)) + " application at " + place_),
      rules_(by),
      whom_(std::make_shared<upstream::application>(endpoints_of(at))) {}

remote_application::remote_application(protocol how, std::string const& program, rules const& by)
    : how_(how),
      place_(program),
      text_(std::string(name_of(how)) + " program " + program),
      rules_(by) {}

remote_application::~remote_application() {
  if (whom_) whom_->close_idle(std::nullopt);
}

// A program of ours is not to be kept waiting for a body that comes slowly.
base::task<base::result<gateway::input_plan>> remote_application::plan_body(
    http::request const& request, http::body_source& body,
    http::exchange_context const& context) const {
  gateway::input_plan none;
  none.length = request.content_length;
  if (!request.has_body()) co_return std::move(none);
  auto const window = whom_ ? base::limits::prompt_body_bytes : base::limits::kept_body_bytes;
  auto out = co_await gateway::plan_input(request, body, rules_.spool_space, context, window);
  co_return std::move(out);
}

base::task<http::outcome> remote_application::ask(gateway::script_target target,
                                                  http::request const& request,
                                                  http::body_source& request_body,
                                                  http::exchange_context& context) {
  context.record.script = target.script_name;
  context.record.application = text_;
  report_target(target, text_, context);
  if (auto error = gateway::check_path_info(target)) co_return std::move(*error);
  auto planned = co_await plan_body(request, request_body, context);
  if (planned.has_error()) co_return gateway::body_failure(planned.error());
  auto input = std::move(*planned);

  trace::recorder const trace(context);
  trace(trace::application_described{name_of(how_), place_});
  auto const variables = gateway::meta_variables(
      request, target, context.client(), rules_.variables, input.length, context.redirect_url);
  report(variables, trace);
  auto head = encode_head(how_, variables, input.length);
  if (head.has_error()) co_return head.error();
  if (!rules_.asks || (!whom_ && !programs_)) co_return gateway::programs_not_run();

  question what{
      .how = how_,
      .whom = whom_,
      .program = programs_ ? program_hold(*programs_, rules_.queue_timeout) : program_hold(),
      .who = text_,
      .name = target.script_name.empty() ? "/" : target.script_name,
      .file = target.file.string(),
      .head = std::move(*head),
      .input = std::move(input),
      .safe = is_safe(request.method)};
  auto asked = std::make_unique<run>(std::move(what), rules_, context);
  if (programs_) {
    auto error = co_await asked->take_program();
    if (error) co_return std::move(*error);
  }
  if (!asked->ask_at_once()) {
    auto error = co_await asked->ask();
    if (error) co_return std::move(*error);
  }
  // A conversion within an awaited expression would be destroyed twice by gcc 12.
  std::unique_ptr<gateway::responder> program = std::move(asked);
  auto answer = co_await gateway::read_answer(std::move(program), request, context);
  co_return answer;
}

base::task<http::outcome> mapped_application::handle(http::request const& request,
                                                     http::body_source& request_body,
                                                     http::exchange_context& context) {
  gateway::script_target target;
  target.script_name = prefix_;
  target.path_info = http::path_below(request.target.path, prefix_).value_or("");
  return whom_->ask(std::move(target), request, request_body, context);
}

}  // namespace gatehouse::remote
