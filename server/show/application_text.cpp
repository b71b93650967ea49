#include "gatehouse/show/application_text.hpp"

#include <sys/wait.h>

#include <cstring>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
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

std::string exception_text(trace::recorded_exception const& what) {
  return in_one_line((what.is_misuse ? "" : "the application raised ") + what.sentence);
}

std::string ended_worker_text(trace::recording const& of) {
  auto const& status = of.asked->worker_status;
  return "the worker " + worker_of(of) + " ended" +
         (status ? " (" + brief_end(*status) + ")" : std::string()) +
         (of.error ? " before it answered" : " within its answer");
}

}  // namespace

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

std::string brief_failure(trace::recording const& of) {
  if (!is_in_memory(of)) return {};
  if (of.exception) return exception_text(*of.exception);
  if (of.asked && of.asked->worker_has_ended) return ended_worker_text(of);
  if (!of.error || of.error->detail.empty()) return {};
  bool const silent = of.error->status == 504;
  auto const who = worker_of(of);
  if (silent && !who.empty()) return in_one_line("the worker " + who + ": " + of.error->detail);
  return in_one_line(of.error->detail);
}

}  // namespace gatehouse::show
