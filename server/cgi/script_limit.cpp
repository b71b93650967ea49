#include "gatehouse/cgi/script_limit.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace gatehouse::cgi {
namespace {

std::optional<rlim_t> limit_of(process::containment const& held_by, int resource) {
  for (auto const& limit : held_by.limits) {
    if (limit.resource == resource) return limit.value.rlim_cur;
  }
  return std::nullopt;
}

// The signal that ended the script, or one that ended a program which the script waited for and
// whose status it passed on as shells do. 0 if there is none.
int ending_signal(int wait_status) {
  constexpr int shells_offset = 128;
  if (WIFSIGNALED(wait_status)) return WTERMSIG(wait_status);
  if (!WIFEXITED(wait_status)) return 0;
  return std::max(0, WEXITSTATUS(wait_status) - shells_offset);
}

rlim_t whole_seconds(rusage const& used) {
  auto const microseconds = used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  return static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec +
                             microseconds / 1'000'000);
}

std::optional<std::string> told_by_signal(process::containment const& held_by,
                                          script_end const& end) {
  int const signal = ending_signal(end.wait_status);
  auto const cpu = limit_of(held_by, RLIMIT_CPU);
  auto const file = limit_of(held_by, RLIMIT_FSIZE);
  // A process that ignores SIGXCPU is killed after one more second of processor time.
  bool const killed_for_cpu =
      cpu && signal == SIGKILL && !end.stopped && whole_seconds(end.used) >= *cpu;
  if (cpu && (signal == SIGXCPU || killed_for_cpu)) {
    return "used more than " + std::to_string(*cpu) + " s of processor time (--limit-cpu)" +
           (killed_for_cpu ? " and ignored SIGXCPU" : "");
  }
  if (file && signal == SIGXFSZ)
    return "wrote more than " + std::to_string(*file) + " bytes to a file (--limit-file-size)";
  if (held_by.sandbox != nullptr && signal == SIGSYS)
    return "made a system call of another kind of processor (--sandbox)";
  return std::nullopt;
}

// What programs print when the system refuses them something: the words of strerror(3), and those
// of languages that have their own.
struct complaint {
  int resource;  // -1: the sandbox
  std::string_view option;
  std::string_view words;
};
constexpr int of_sandbox = -1;
constexpr complaint complaints[] = {
    {RLIMIT_AS, "--limit-memory", "Cannot allocate memory"},
    {RLIMIT_AS, "--limit-memory", "MemoryError"},
    {RLIMIT_AS, "--limit-memory", "Out of memory"},
    {RLIMIT_AS, "--limit-memory", "bad_alloc"},
    {RLIMIT_NPROC, "--limit-processes", "Resource temporarily unavailable"},
    {RLIMIT_NPROC, "--limit-processes", "Cannot fork"},
    {RLIMIT_NPROC, "--limit-processes", "start new thread"},
    {RLIMIT_NOFILE, "--limit-files", "Too many open files"},
    {RLIMIT_FSIZE, "--limit-file-size", "File too large"},
    {of_sandbox, "--sandbox", "Permission denied"},
    {of_sandbox, "--sandbox", "Operation not permitted"},
};

bool in_force(process::containment const& held_by, complaint const& what) {
  if (what.resource == of_sandbox) return held_by.sandbox != nullptr;
  return limit_of(held_by, what.resource).has_value();
}

bool said(std::vector<std::string> const& lines, std::string_view words) {
  return std::any_of(lines.begin(), lines.end(), [&](std::string const& line) {
    return line.find(words) != std::string::npos;
  });
}

void add_complaints(process::containment const& held_by, std::vector<std::string> const& lines,
                    std::vector<std::string>& out) {
  std::string_view told;
  for (complaint const& c : complaints) {
    if (c.option == told || !in_force(held_by, c) || !said(lines, c.words)) continue;
    told = c.option;  // One line for each option is enough.
    out.push_back("seems to have met " + std::string(c.option) + ": it says " +
                  std::string(c.words));
  }
}

}  // namespace

std::vector<std::string> limits_met(process::containment const& held_by, script_end const& end) {
  std::vector<std::string> out;
  if (auto told = told_by_signal(held_by, end)) out.push_back(std::move(*told));
  if (!end.stderr_lines.empty()) add_complaints(held_by, end.stderr_lines, out);
  return out;
}

}  // namespace gatehouse::cgi
