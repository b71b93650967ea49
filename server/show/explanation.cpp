#include "gatehouse/show/explanation.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/gateway/meta_variables.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/show/application_text.hpp"
#include "gatehouse/show/explained_application.hpp"
#include "gatehouse/show/text_page.hpp"
#include "gatehouse/show/verdict.hpp"
#include "gatehouse/show/why.hpp"

namespace gatehouse::show {
namespace {

using std::chrono::microseconds;

// 1.25 ms
std::string time_text(microseconds time) {
  auto const hundredths = std::to_string(1000 + time.count() / 10 % 100);
  return std::to_string(time.count() / 1000) + "." + hundredths.substr(2) + " ms";
}

std::string redirect_before_script(trace::recording const& of) {
  auto const found = std::find_if(of.variables.begin(), of.variables.end(),
                                  [](auto const& v) { return v.name == "REDIRECT_URL"; });
  return found != of.variables.end() ? found->value : std::string();
}

void show_request(text_page& out, trace::recording const& of) {
  out.step("The request: what the client sends");
  out.head(of.request_head.bytes);
  auto const& body = of.standard_input;
  if (body.size > 0) out.content(body.bytes, body.size);
}

// The path that was asked for last.
std::string routed_path(trace::recording const& of) {
  if (auto const to = local_redirect_of(of); !to.empty()) return to.substr(0, to.find('?'));
  if (!redirect_before_script(of).empty() && of.script) {
    return of.script->script_name + of.script->path_info.value_or("");
  }
  return of.request ? of.request->target.path : std::string();
}

void show_route(text_page& out, trace::recording const& of) {
  if (!of.route) return;
  out.step("Who answers");
  auto const& route = *of.route;
  auto const path = routed_path(of);
  auto const what = route.serves + " " + route.target;
  if (of.request && path != of.request->target.path) {
    out.say("After a local redirect from " + of.request->target.path + ":");
  }
  if (route.prefix.empty()) {
    out.say("No mapped prefix of " + path + " is longer than /: " + what);
  } else {
    out.say(route.prefix + " is the longest mapped prefix of " + path + ": " + what);
  }
}

void show_script(text_page& out, trace::recording const& of) {
  if (!of.script || stands_for_script(of)) return;
  out.step("Which program");
  auto const& script = *of.script;
  std::vector<table_row> rows = {{"program", script.file}};
  if (!script.interpreter.empty()) rows.push_back({"run by", script.interpreter});
  rows.push_back({"SCRIPT_NAME", script.script_name, "the part of the path that names it"});
  if (script.path_info) {
    rows.push_back({"PATH_INFO", *script.path_info, "the rest of the path, for the program"});
  } else {
    rows.push_back({"PATH_INFO", "(not set: nothing follows the name)"});
  }
  out.table(std::move(rows));
}

std::string note_of_argument(trace::recording const& of, std::size_t index) {
  auto const& all = of.program->arguments;
  std::size_t file = 0;
  bool const interpreted = of.script && !of.script->interpreter.empty();
  if (interpreted) {
    auto const found = std::find(all.begin() + 1, all.end(), of.script->file);
    file = static_cast<std::size_t>(found - all.begin());
  }
  if (interpreted && index == 0) return "the interpreter";
  if (index < file) return "an argument of the interpreter (--interpreter)";
  return index == file ? "the program" : "a word of the query (RFC 3875, 4.4)";
}

// The fields of the request that the program does not get.
void show_withheld(text_page& out, trace::recording const& of) {
  if (!of.request) return;
  bool const pass_auth = std::any_of(of.variables.begin(), of.variables.end(), [](auto const& v) {
    return v.name == "HTTP_AUTHORIZATION" || v.name == "HTTP_PROXY_AUTHORIZATION";
  });
  auto const withheld = gateway::withheld_fields(*of.request, pass_auth);
  if (withheld.empty()) return;
  out.say("Fields of the request that it does not get:");
  std::vector<table_row> rows;
  rows.reserve(withheld.size());
  for (auto const& field : withheld) rows.push_back({field.name, "", std::string(field.why)});
  out.table(std::move(rows));
}

void show_program(text_page& out, trace::recording const& of) {
  if (!of.program) return;
  out.step("How it is started");
  std::vector<table_row> rows;
  for (std::size_t i = 0; i < of.program->arguments.size(); ++i) {
    rows.push_back(
        {"argv[" + std::to_string(i) + "]", of.program->arguments[i], note_of_argument(of, i)});
  }
  rows.push_back({"directory", of.program->directory, "where the program lies"});
  if (!of.program->start.empty()) rows.push_back({"start", of.program->start});
  out.table(std::move(rows));
}

void show_variables(text_page& out, trace::recording const& of) {
  if (of.variables.empty()) return;
  out.step(of.program ? "Its environment: each variable, and where it comes from"
                      : "What it is told: each variable, and where it comes from");
  std::vector<table_row> rows;
  for (auto const& v : of.variables) {
    bool const numbered = !v.clause.empty() && v.clause[0] >= '0' && v.clause[0] <= '9';
    rows.push_back({v.name, v.value, v.from, (numbered ? "RFC 3875, " : "") + v.clause});
  }
  out.table(std::move(rows));
  show_withheld(out, of);
}

void show_input(text_page& out, trace::recording const& of) {
  if (of.variables.empty()) return;
  out.step(is_in_memory(of) ? "What it can read: the request's body" : "Its standard input");
  auto const& input = of.standard_input;
  auto const declared = of.request ? of.request->content_length.value_or(0) : 0;
  bool const cut = input.size < declared;
  auto const body = cut ? " of the body's " + base::bytes_text(declared) : std::string();
  if (input.size == 0) return out.say(cut ? "Nothing" + body + "." : "Nothing: there is no body.");
  out.say(cut ? base::bytes_text(input.size) + body + ":"
              : "The body, " + base::bytes_text(input.size) + ":");
  out.content(input.bytes, input.size);
}

void show_header_lines(text_page& out, trace::recording const& of) {
  std::string_view const printed = of.standard_output.bytes;
  if (of.header_lines.empty()) return;
  out.step("What the server does with each header line");
  std::vector<table_row> rows;
  for (auto const& line : of.header_lines) {
    auto const start = std::min(line.start, printed.size());
    rows.push_back({std::string(printed.substr(start, line.end - line.start)), "", line.meaning});
  }
  out.table(std::move(rows));
}

void show_remarks(text_page& out, trace::recording const& of) {
  if (of.remarks.empty()) return;
  out.step("What its author should know");
  for (auto const& remark : of.remarks) {
    auto const line = remark.text + " (" + remark.reason + ")";
    remark.failed ? out.complain(line) : out.say(line);
  }
}

void show_output(text_page& out, trace::recording const& of) {
  out.step(is_in_memory(of) ? "What it answers" : "What it prints: its standard output");
  auto const& printed = of.standard_output;
  if (printed.size == 0) return out.say("Nothing.");
  std::string_view const bytes = printed.bytes;
  auto const block = bytes.substr(0, of.header_block_size);
  if (block.empty()) {
    bool const sent_as_it_is = of.framing.empty() && !of.error;
    out.say(base::bytes_text(printed.size) +
            (sent_as_it_is ? ", which the client gets as they are (the name begins with nph-):"
                           : ", without a sound header block:"));
  } else {
    out.say("The header block, " + base::bytes_text(block.size()) + " with its empty line:");
    out.head(block);
    if (printed.size == block.size()) return out.say("No body.");
    out.say("The body, " + base::bytes_text(printed.size - block.size()) + ":");
  }
  out.content(bytes.substr(block.size()), printed.size - block.size());
}

void show_lines(text_page& out, trace::kept_lines const& lines) {
  for (auto const& line : lines.head) out.say(line);
  if (lines.left_out() > 0) out.say("... " + std::to_string(lines.left_out()) + " lines left out");
  for (auto const& line : lines.tail) out.say(line);
}

void show_stderr(text_page& out, trace::recording const& of) {
  out.step("What it says to the log: its standard error");
  if (of.standard_error.empty()) out.say("Nothing.");
  show_lines(out, of.standard_error);
  for (auto const& earlier : of.redirected_by) {
    if (earlier.standard_error.empty()) continue;
    out.say("And " + earlier.script.script_name + ", which has sent the request here:");
    show_lines(out, earlier.standard_error);
  }
}

void show_end(text_page& out, trace::recording const& of) {
  out.step("How it ends");
  if (!of.end) return out.say("It still runs.");
  auto const& end = *of.end;
  auto const ending = "It " + base::exit_text(end.wait_status) + ".";
  end.wait_status == 0 ? out.say(ending) : out.complain(ending);
  out.table({{"processor time", time_text(end.user) + " in the program",
              time_text(end.system) + " in the kernel for it"},
             {"peak memory", (end.max_resident_is_bound ? "at most " : "") +
                                 std::to_string(end.max_resident_kib) + " KiB"}});
}

void show_times(text_page& out, trace::recording const& of) {
  struct moment {
    std::optional<microseconds> at;
    std::string_view what;
  };
  moment const all[] = {
      {microseconds(0), "the request's first byte is here"},
      {of.times.head_read, "its head has been read"},
      {of.times.asked, "the application has it"},
      {of.times.process_started, "the program is known to run"},
      {of.times.first_output, "its first output is here"},
      {of.times.process_ended, "it has ended"},
      {of.times.response_began, "the response begins"},
      {of.times.ended, "the response has been sent"},
  };
  std::vector<moment> happened;
  std::copy_if(std::begin(all), std::end(all), std::back_inserter(happened),
               [](moment const& m) { return m.at.has_value(); });
  std::stable_sort(happened.begin(), happened.end(),
                   [](moment const& a, moment const& b) { return *a.at < *b.at; });
  std::size_t width = 0;
  for (auto const& m : happened) width = std::max(width, time_text(*m.at).size());
  out.step("When");
  std::vector<table_row> rows;
  for (auto const& m : happened) {
    auto const time = time_text(*m.at);
    rows.push_back({std::string(width - time.size(), ' ') + time, std::string(m.what)});
  }
  out.table(std::move(rows));
}

// How a script was started that may start out of a template.
void show_start(text_page& out, trace::recording const& of) {
  if (!of.warm) return;
  out.step("How it has started");
  if (!of.warm->took) return out.say("Cold: " + of.warm->why_cold + ".");
  out.say("Warm, out of a template, in " + brief_time(*of.warm->took) + ".");
  if (of.warm->cold)
    out.say("When it started cold, its first output came after " + brief_time(*of.warm->cold) +
            ".");
}

void show_run(text_page& out, trace::recording const& of) {
  if (!of.pid && !of.asked) return;
  show_start(out, of);
  show_output(out, of);
  show_header_lines(out, of);
  show_remarks(out, of);
  show_stderr(out, of);
  show_trouble(out, of);
  if (of.pid) show_end(out, of);
}

// What the program printed around the line that is at fault, with an arrow at that line.
void show_marked_line(text_page& out, http::diagnosis const& help) {
  if (help.marked_line == 0) return;
  out.say(help.excerpt_line == 1
              ? "What it printed first:"
              : "What it printed, from line " + std::to_string(help.excerpt_line) + ":");
  std::string_view rest = help.output_excerpt;
  for (auto number = help.excerpt_line; !rest.empty(); ++number) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    bool const marked = number == help.marked_line;
    auto const shown = (marked ? "--> " : "    ") + std::string(line);
    marked ? out.complain(shown) : out.say(shown);
  }
}

void show_error(text_page& out, trace::recording const& of) {
  if (!of.error) return;
  auto const& error = *of.error;
  out.step("Why it fails");
  std::string what = status_text(error.status) + ": " + std::string(error.reason);
  if (!error.detail.empty()) what += " (" + error.detail + ")";
  out.complain(what);
  if (!error.help.explanation.empty() && !of.exception) out.say(error.help.explanation);
  if (!error.help.command.empty()) out.say("Try: " + error.help.command);
  show_marked_line(out, error.help);
  if (!of.exception) {
    for (auto const& line : error.help.traceback) out.say(line);
  }
}

// Of a file, from the head of the response that it is answered with.
void show_file(text_page& out, trace::recording const& of) {
  if (of.script || of.error || of.response_head.size == 0) return;
  out.step("What is sent");
  std::string_view head = of.response_head.bytes;
  std::vector<table_row> rows = {{"status", status_text(of)}};
  for (std::string_view const name : {"Content-Type", "Content-Length", "Location", "Allow"}) {
    for (auto const& line : http::field_lines(head)) {
      auto const text = head.substr(line.start, line.end - line.start);
      auto const colon = std::min(text.find(':'), text.size() - 1);
      if (!http::iequals(text.substr(0, colon), name)) continue;
      rows.push_back({std::string(name), std::string(http::trim_ows(text.substr(colon + 1)))});
    }
  }
  out.table(std::move(rows));
}

void show_response(text_page& out, raw_response response) {
  out.step("The response: what the client gets");
  if (response.size == 0) return out.say("Nothing.");
  constexpr std::string_view end_of_head = "\r\n\r\n";
  auto const found = response.bytes.find(end_of_head);
  auto const head =
      response.bytes.substr(0, found == std::string_view::npos ? 0 : found + end_of_head.size());
  out.head(head);
  out.content(response.bytes.substr(head.size()), response.size - head.size());
}

// All of it in one line: what came of it, and else what failed and what mends it.
void show_verdict(text_page& out, trace::recording const& of) {
  auto const why = why_of(of);
  auto text = verdict(of);
  if (!why && of.end) text += "; it " + base::exit_text(of.end->wait_status);
  if (!why && !of.remarks.empty()) text += "; its author should know of what is said above";
  bool const is_said = exception_of(of) || (of.asked && of.asked->worker_has_ended);
  if (why && !is_said) text += ". " + why->sentence;
  if (why && !why->command.empty()) text += " Try: " + why->command;
  std::replace(text.begin(), text.end(), '\n', ' ');
  out.conclude("Verdict", text, !why);
}

}  // namespace

std::string explanation(trace::recording const& of, std::optional<raw_response> response,
                        bool coloured) {
  text_page out(coloured);
  show_request(out, of);
  show_route(out, of);
  show_script(out, of);
  show_application(out, of);
  show_program(out, of);
  show_variables(out, of);
  show_question(out, of);
  show_input(out, of);
  show_run(out, of);
  show_error(out, of);
  if (response) {
    show_response(out, *response);
    show_times(out, of);
    show_verdict(out, of);
  } else {
    show_file(out, of);
  }
  return std::move(out).finished();
}

}  // namespace gatehouse::show
