#include "gatehouse/show/application_text.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/program_text.hpp"
#include "gatehouse/show/verdict.hpp"

namespace gatehouse::show {
namespace {

constexpr std::size_t line_columns = 120;

// The first line of a text, as far as it has room in a line with others.
std::string in_one_line(std::string_view text) {
  auto line = text.substr(0, text.find('\n'));
  if (base::columns_of(line) <= line_columns) return std::string(line);
  line = line.substr(0, line_columns);
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0x80U) != 0)
    line.remove_suffix(1);
  return std::string(line) + " ...";
}

std::string exception_text(trace::recording const& of, trace::recorded_exception const& what) {
  if (what.is_misuse) return in_one_line(what.sentence);
  auto const* const how = of.exception ? "the application raised " : "the application has logged ";
  return in_one_line(how + what.sentence);
}

// The last traceback among lines of standard error. The first line of it that is not further in
// says what was raised.
std::optional<trace::recorded_exception> last_traceback(std::vector<std::string> const& lines) {
  auto const is_head = [](std::string const& line) {
    return line == "Traceback (most recent call last):";
  };
  auto const head = std::find_if(lines.rbegin(), lines.rend(), is_head);
  if (head == lines.rend()) return std::nullopt;
  auto const begin = head.base() - 1;
  auto const last = std::find_if(begin + 1, lines.end(), [](std::string const& line) {
    return !line.empty() && line.front() != ' ';
  });
  if (last == lines.end()) return std::nullopt;
  return trace::recorded_exception{*last, false, {begin, last + 1}};
}

std::string ended_worker_text(trace::recording const& of) {
  auto const& status = of.asked->worker_status;
  return "the worker " + worker_of(of) + " ended" +
         (status ? " (" + brief_end(*status) + ")" : std::string()) +
         (of.error ? " before it answered" : " within its answer");
}

}  // namespace

bool is_kept_by_us(trace::recorded_application const& which) {
  return which.protocol == "WSGI" || which.name.starts_with('/');
}

bool is_in_memory(trace::recording const& of) {
  return !of.program && (of.application || of.asked);
}

std::string_view subject_of(trace::recording const& of) {
  return is_in_memory(of) ? "The application" : "The script";
}

std::string worker_of(trace::recording const& of) {
  if (!of.asked || of.asked->worker == 0) return {};
  return base::program_text(of.asked->address, of.asked->worker);
}

std::string signal_name(int signal) {
  char const* const name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string brief_end(int wait_status) {
  if (WIFEXITED(wait_status)) return "exit code " + std::to_string(WEXITSTATUS(wait_status));
  if (WIFSIGNALED(wait_status)) return "killed by " + signal_name(WTERMSIG(wait_status));
  return base::exit_text(wait_status);
}

std::optional<trace::recorded_exception> exception_of(trace::recording const& of) {
  bool const by_itself = is_in_memory(of) && !of.error && of.status >= 500;
  if (of.exception || !by_itself) return of.exception;
  constexpr auto all = base::limits::traced_first_lines + base::limits::traced_last_lines;
  return last_traceback(of.standard_error.last(all));
}

std::string brief_failure(trace::recording const& of) {
  if (!is_in_memory(of)) return {};
  if (auto const raised = exception_of(of)) return exception_text(of, *raised);
  if (of.asked && of.asked->worker_has_ended) return ended_worker_text(of);
  if (!of.error || of.error->detail.empty()) return {};
  bool const silent = of.error->status == 504;
  auto const who = worker_of(of);
  if (silent && !who.empty()) return in_one_line("the worker " + who + ": " + of.error->detail);
  return in_one_line(of.error->detail);
}

}  // namespace gatehouse::show
