#include "gatehouse/cgi/run_plan.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "gatehouse/cgi/script_arguments.hpp"
#include "gatehouse/gateway/meta_variables.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::cgi {
namespace {

// Whether the kernel runs the file by the interpreter that its #! line names, which gets the file's
// path before any word of the query. If the query has no words, that does not matter, and the file
// is not read.
bool is_behind_interpreter(std::filesystem::path const& file, http::target const& target) {
  if (target.query.empty() || target.query.find('=') != std::string::npos) return true;
  base::unique_fd const opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  std::array<char, 2> first{};
  return opened && ::read(opened.get(), first.data(), first.size()) == 2 && first[0] == '#' &&
         first[1] == '!';
}

std::vector<std::string> arguments_of(gateway::script_target const& target,
                                      http::request const& request) {
  std::vector<std::string> out;
  bool const interpreted = !target.interpreter.empty();
  if (interpreted) {
    out.push_back(target.interpreter);
    for (auto const& argument : target.interpreter_arguments) out.push_back(argument);
  }
  out.push_back(target.file.string());
  bool const reads_options = interpreted || !is_behind_interpreter(target.file, request.target);
  for (auto& word : script_arguments(request.method, request.target.query, reads_options)) {
    out.push_back(std::move(word));
  }
  return out;
}

std::vector<std::string> environment_of(gateway::script_target const& target,
                                        http::request const& request,
                                        gateway::variable_rules const& rules,
                                        std::optional<std::uint64_t> content_length,
                                        http::exchange_context const& context) {
  trace::recorder const trace(context);
  std::vector<std::string> out;
  for (auto& variable : gateway::meta_variables(request, target, context.client(), rules,
                                                content_length, context.redirect_url)) {
    out.push_back(variable.name + "=" + variable.value);
    if (trace) {
      trace(trace::variable{variable.name, variable.value, variable.from, variable.clause,
                            variable.source});
    }
  }
  return out;
}

// How a script starts where --warm is in use, as far as its file tells.
std::string start_text(gateway_rules const& rules, process::program const& program) {
  if (rules.template_kinds.empty()) return {};
  auto const why = program.path != program.script
                       ? "--interpreter runs it"
                       : process::why_no_template(program.script, rules.template_kinds);
  return why.empty() ? "warm, out of a template (--warm)" : "cold: " + why;
}

void report_program(gateway_rules const& rules, process::program const& program,
                    http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  trace(trace::program_described{program.path, program.arguments, program.directory,
                                 start_text(rules, program)});
}

}  // namespace

run_plan plan_run(gateway_rules const& rules, gateway::script_target const& target,
                  http::request const& request, gateway::input_plan input,
                  http::exchange_context const& context) {
  run_plan plan;
  auto& program = plan.program;
  program.path = target.interpreter.empty() ? target.file.string() : target.interpreter;
  program.arguments = arguments_of(target, request);
  program.environment = environment_of(target, request, rules.variables, input.length, context);
  program.directory = target.file.parent_path().string();
  program.descriptor_limit = rules.descriptor_limit;
  program.script = target.file.string();
  program.held_by = rules.held_by;
  program.warm = rules.warm;
  plan.why_no_templates = rules.why_no_templates;
  report_program(rules, program, context);
  plan.name = target.script_name;
  plan.path_variable = rules.path_variable;
  plan.input = std::move(input);
  return plan;
}

}  // namespace gatehouse::cgi
