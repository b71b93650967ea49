#include "gatehouse/cgi/gateway.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/cgi/script_arguments.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/gateway/script_check.hpp"
#include "gatehouse/gateway/script_response.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/process/spool_file.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::cgi {
namespace {

using run_ptr = std::unique_ptr<script_run>;

bool is_sandboxed(gateway_rules const& rules) {
  return rules.held_by != nullptr && rules.held_by->sandbox != nullptr;
}

// A whole chunked body on disk, so that its length is known (RFC 3875, 4.1.2).
base::task<base::result<process::spool_file>> spool(http::body_source& body,
                                                    std::shared_ptr<base::budget> space,
                                                    http::exchange_context const& context) {
  trace::recorder const trace(context);
  auto file = process::spool_file::create(std::move(space));
  if (file.has_error()) co_return file.error();
  auto const buffer = std::make_unique_for_overwrite<char[]>(base::limits::stream_buffer_bytes);
  while (true) {
    auto const read = co_await body.read_some(
        boost::asio::buffer(buffer.get(), base::limits::stream_buffer_bytes));
    if (read.has_error()) co_return read.error();
    if (*read == 0) co_return std::move(*file);
    trace(trace::stdin_bytes{{buffer.get(), *read}});
    if (auto const error = file->append({buffer.get(), *read})) co_return error;
  }
}

// The request body as the plan's input, and its length.
base::task<base::result<std::optional<std::uint64_t>>> prepare_input(
    run_plan& plan, gateway_rules const& rules, http::request const& request,
    http::body_source& body, http::exchange_context const& context) {
  if (request.chunked) {
    auto file = co_await spool(body, rules.spool_space, context);
    if (file.has_error()) co_return file.error();
    auto const size = file->size();
    auto released = file->release();
    if (released.has_error()) co_return released.error();
    plan.input_file = std::move(released->file);
    plan.spooled = std::move(released->space);
    co_return std::optional<std::uint64_t>(size);
  }
  if (request.content_length.value_or(0) > 0) {
    plan.input = &body;
    plan.input_at_hand = body.at_hand() == *request.content_length &&
                         *request.content_length <= base::limits::small_body_bytes;
  }
  co_return request.content_length;
}

// Whether the kernel runs the file by the interpreter that its #! line names, which gets the file's
// path before any word of a query. Where there are no words it does not matter, and nothing is
// read.
bool is_behind_interpreter(std::filesystem::path const& file, http::target const& target) {
  if (target.query.empty() || target.query.find('=') != std::string::npos) return true;
  base::unique_fd const opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  std::array<char, 2> first{};
  return opened && ::read(opened.get(), first.data(), first.size()) == 2 && first[0] == '#' &&
         first[1] == '!';
}

// argv, environment and working directory.
void describe_program(run_plan& plan, gateway_rules const& rules,
                      gateway::script_target const& target, http::request const& request,
                      std::optional<std::uint64_t> content_length,
                      http::exchange_context& context) {
  auto& program = plan.program;
  bool const interpreted = !target.interpreter.empty();
  program.path = interpreted ? target.interpreter : target.file.string();
  if (interpreted) {
    program.arguments.push_back(target.interpreter);
    for (auto const& argument : target.interpreter_arguments) program.arguments.push_back(argument);
  }
  program.arguments.push_back(target.file.string());
  bool const reads_options = interpreted || !is_behind_interpreter(target.file, request.target);
  for (auto& word : script_arguments(request.method, request.target.query, reads_options)) {
    program.arguments.push_back(std::move(word));
  }
  program.directory = target.file.parent_path().string();
  program.descriptor_limit = rules.descriptor_limit;
  program.script = target.file.string();
  program.held_by = rules.held_by;
  trace::recorder const trace(context);
  for (auto& variable :
       gateway::meta_variables(request, target, {context.remote(), context.local()},
                               rules.variables, content_length, context.redirect_url)) {
    program.environment.push_back(variable.name + "=" + variable.value);
    if (trace) {
      trace(trace::variable{variable.name, variable.value, variable.from, variable.clause,
                            variable.source});
    }
  }
  trace(trace::program_described{program.path, program.arguments, program.directory});
  plan.name = target.script_name;
}

void report_target(gateway::script_target const& target, http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  std::string const file = target.file.string();
  trace::script_found found{target.script_name, std::nullopt, file, target.interpreter};
  if (target.path_info) found.path_info = *target.path_info;
  trace(found);
}

// The script's header block as the parser took it, line by line.
void report_header_lines(std::string_view head, http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  std::vector<gateway::header_use> uses;
  bool const sound = gateway::parse_response_head(head, &uses).has_value();
  for (auto const& use : uses) trace(trace::header_line{use.start, use.end, use.meaning});
  if (sound) trace(trace::header_block{head.size()});
}

// What the person who wrote the script wants to know about an answer that is none.
base::task<http::http_error> explained(http::http_error error, script_run& run,
                                       std::string output_excerpt,
                                       gateway::script_target const& target,
                                       std::string const& path_variable) {
  auto const status = co_await run.ended();
  if (status && *status != 0)
    error.help.explanation += " The script " + base::exit_text(*status) + ".";
  for (auto const& limit : run.limits_met()) error.help.explanation += " It " + limit + ".";
  if (status && WIFEXITED(*status) &&
      (WEXITSTATUS(*status) == 126 || WEXITSTATUS(*status) == 127)) {
    bool const interpreted = !target.interpreter.empty();
    if (auto const help = gateway::check_script(target.file, {path_variable, interpreted})) {
      error.help.explanation += " " + help->explanation;
      error.help.command = help->command;
    }
  }
  error.help.output_excerpt = std::move(output_excerpt);
  error.help.stderr_lines = run.stderr_lines();
  co_await run.finish();
  co_return error;
}

// What is read on the way to telling whether more comes.
constexpr std::size_t looked_ahead_bytes = 4096;

// The response's content: what was read along with the head, then the rest of the script's output.
class script_body final : public http::body_source {
 public:
  script_body(run_ptr run, std::string first) : run_(std::move(run)), first_(std::move(first)) {}

  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override {
    if (auto const ready = std::min(at_hand(), buffer.size()); ready > 0) {
      std::memcpy(buffer.data(), first_.data() + taken_, ready);
      taken_ += ready;
      co_return ready;
    }
    auto const read = co_await run_->read_output(buffer);
    co_return read;
  }
  std::size_t at_hand() const override { return first_.size() - taken_; }
  bool has_ended() override {
    if (at_hand() > 0) return false;
    first_.resize(looked_ahead_bytes);
    taken_ = 0;
    auto const got = run_->read_output_at_once(boost::asio::buffer(first_));
    first_.resize(got.value_or(0));
    return got && *got == 0;
  }
  base::task<void> finish() override { return run_->finish(); }

 private:
  run_ptr run_;
  std::string first_;
  std::size_t taken_ = 0;
};

http::http_error output_failure(base::error_code const& why, script_run const& run,
                                run_limits const& limits) {
  if (why != base::errc::timed_out || run.input_failed()) return gateway::pipe_failure(why);
  bool const silent = run.was_silent_too_long();
  return gateway::script_timeout(silent ? limits.silence : limits.whole, silent);
}

// Reads on until the head is whole, or the error that stands for what came instead.
base::task<http::result<gateway::response_head>> read_head(script_run& run,
                                                           gateway::script_response_parser& parser,
                                                           run_limits const& limits) {
  std::array<char, 16 * 1024> buffer;
  while (true) {
    auto const read = co_await run.read_output(boost::asio::buffer(buffer));
    if (read.has_error()) co_return output_failure(read.error(), run, limits);
    if (*read == 0) co_return parser.ended();
    auto head = parser.push({buffer.data(), *read});
    if (head.has_error()) co_return head.error();
    if (head->has_value()) co_return std::move(**head);
  }
}

// A local redirect's script may still be at work: it is read to its end before its answer is
// followed, unless it goes on and on.
base::task<base::error_code> drain(script_run& run) {
  std::array<char, 4096> buffer;
  for (std::size_t surplus = 0; surplus <= base::limits::surplus_bytes;) {
    auto const read = co_await run.read_output(boost::asio::buffer(buffer));
    if (read.has_error()) co_return read.error();
    if (*read == 0) break;
    surplus += *read;
  }
  co_return base::error_code{};
}

// Content without a Content-Type is malformed (RFC 3875, 6.3.1), and only shows with its first
// byte.
base::task<base::result<std::string>> first_content(script_run& run, std::string at_hand) {
  if (!at_hand.empty()) co_return at_hand;
  std::array<char, 4096> buffer;
  auto const read = co_await run.read_output(boost::asio::buffer(buffer));
  if (read.has_error()) co_return read.error();
  co_return std::string(buffer.data(), *read);
}

http::response make_response(gateway::response_head head, run_ptr run, std::string first) {
  http::response response;
  response.status = head.status;
  response.phrase = std::move(head.phrase);
  response.fields = std::move(head.fields);
  response.body = http::stream{std::make_unique<script_body>(std::move(run), std::move(first)),
                               head.content_length};
  return response;
}

// Document, redirect or error out of a script that prints CGI headers.
base::task<http::outcome> parsed_answer(run_ptr run, gateway::script_target const& target,
                                        gateway_rules const& rules,
                                        http::exchange_context const& context) {
  gateway::script_response_parser parser;
  auto head = co_await read_head(*run, parser, rules.limits);
  report_header_lines(parser.head(), context);
  if (head.has_error()) {
    auto error =
        co_await explained(head.error(), *run, parser.excerpt(), target, rules.path_variable);
    co_return error;
  }
  if (head->kind == gateway::response_kind::local_redirect) {
    auto const error = co_await drain(*run);
    if (error) {
      auto const failed = output_failure(error, *run, rules.limits);
      auto told = co_await explained(failed, *run, parser.excerpt(), target, rules.path_variable);
      co_return told;
    }
    co_await run->finish();
    co_return http::local_redirect{head->location};
  }
  std::string first(parser.rest());
  if (!head->has_content_type) {
    auto content = co_await first_content(*run, std::move(first));
    http::http_error problem;
    if (content.has_error()) {
      problem = output_failure(content.error(), *run, rules.limits);
    } else if (!content->empty()) {
      problem = gateway::no_content_type();
    }
    if (!problem.reason.empty()) {
      auto told = co_await explained(std::move(problem), *run, parser.excerpt(), target,
                                     rules.path_variable);
      co_return told;
    }
    first.clear();
  }
  co_return make_response(std::move(*head), std::move(run), std::move(first));
}

// The status of a response that a script wrote itself, for the log; 200 if it cannot be told.
unsigned raw_status(std::string_view output) {
  auto const space = output.find(' ');
  if (!output.starts_with("HTTP/") || space == std::string_view::npos) return 200;
  return static_cast<unsigned>(http::parse_decimal(output.substr(space + 1, 3)).value_or(200));
}

// Non-parsed headers (RFC 3875, 5): the output goes to the client as it is.
base::task<http::outcome> raw_answer(run_ptr run, gateway::script_target const& target,
                                     gateway_rules const& rules) {
  std::array<char, 16 * 1024> buffer;
  auto const read = co_await run->read_output(boost::asio::buffer(buffer));
  http::http_error problem;
  if (read.has_error()) {
    problem = output_failure(read.error(), *run, rules.limits);
  } else if (*read == 0) {
    problem = gateway::script_response_parser().ended();
  }
  if (!problem.reason.empty()) {
    auto told = co_await explained(std::move(problem), *run, {}, target, rules.path_variable);
    co_return told;
  }
  http::response response;
  std::string first(buffer.data(), *read);
  response.status = raw_status(first);
  response.raw = response.close = true;
  response.body =
      http::stream{std::make_unique<script_body>(std::move(run), std::move(first)), std::nullopt};
  co_return response;
}

void find_interpreter(gateway::script_target& target,
                      std::vector<interpreter> const& interpreters) {
  auto const name = target.file.filename().string();
  for (auto const& i : interpreters) {
    if (!has_extension(name, {i.extension})) continue;
    target.interpreter = i.program;
    target.interpreter_arguments = i.arguments;
    return;
  }
}

}  // namespace

base::task<http::outcome> run_script(gateway_rules const& rules, gateway::script_target target,
                                     http::request const& request, http::body_source& request_body,
                                     http::exchange_context& context) {
  find_interpreter(target, rules.interpreters);
  context.record.script = target.script_name;
  report_target(target, context);
  if (auto error = gateway::check_path_info(target)) co_return std::move(*error);
  if (auto error = gateway::check_permission(target, rules.path_variable))
    co_return std::move(*error);

  run_plan plan;
  auto const length = co_await prepare_input(plan, rules, request, request_body, context);
  if (length.has_error()) co_return gateway::body_failure(length.error());
  auto place = co_await rules.slots->acquire(context.get_executor(), rules.queue_timeout,
                                             [&context](std::function<void()> give_up) {
                                               context.when_client_leaves(std::move(give_up));
                                             });
  context.when_client_leaves(nullptr);
  if (!place.place) co_return gateway::no_place(place.why, rules.queue_timeout);
  plan.slot = std::move(*place.place);
  context.holds_scarce(&rules.slots->waiting());

  describe_program(plan, rules, target, request, *length, context);
  if (rules.launcher == nullptr) co_return gateway::programs_not_run();
  auto started =
      co_await script_run::start(std::move(plan), *rules.launcher, rules.limits, context);
  if (started.has_error()) {
    context.when_client_leaves(nullptr);
    co_return gateway::start_failure(started.error(), target, rules.path_variable,
                                     is_sandboxed(rules));
  }
  auto run = std::move(*started);

  bool const raw = target.file.filename().string().starts_with("nph-");
  http::outcome answer;
  if (raw) {
    answer = co_await raw_answer(std::move(run), target, rules);
  } else {
    answer = co_await parsed_answer(std::move(run), target, rules, context);
  }
  if (!std::holds_alternative<http::response>(answer)) context.when_client_leaves(nullptr);
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
  auto const rest = http::path_below(request.target.path, prefix_).value_or("");
  gateway::script_target target;
  if (single_) {
    target = single_script(where_, prefix_, rest);
  } else {
    auto found = find_in_directory(where_, prefix_, rest);
    if (found.has_error()) co_return found.error();
    target = std::move(*found);
  }
  auto answer = co_await run_script(rules_, std::move(target), request, request_body, context);
  co_return answer;
}

extension_gateway::extension_gateway(gateway_rules const& rules, script_rules among,
                                     http::handler& files)
    : rules_(rules), among_(std::move(among)), files_(files) {}

std::optional<http::outcome> extension_gateway::answer_at_once(http::request const& request,
                                                               http::exchange_context& context) {
  auto const rest = http::path_below(request.target.path, among_.prefix).value_or("");
  if (may_be_among_files(among_, rest)) return std::nullopt;
  return files_.answer_at_once(request, context);
}

base::task<http::outcome> extension_gateway::handle(http::request const& request,
                                                    http::body_source& request_body,
                                                    http::exchange_context& context) {
  auto const rest = http::path_below(request.target.path, among_.prefix).value_or("");
  auto target = find_among_files(among_, rest);
  if (target.has_error()) co_return target.error();
  if (target->has_value()) {
    auto answer = co_await run_script(rules_, std::move(**target), request, request_body, context);
    co_return answer;
  }
  auto answer = co_await files_.handle(request, request_body, context);
  co_return answer;
}

}  // namespace gatehouse::cgi
