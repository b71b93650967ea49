#include "gatehouse/cgi/script_limit.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <string_view>

using namespace gatehouse;

namespace {

constexpr int exited(int status) {
  return status << 8;
}

std::string joined(std::vector<std::string> const& texts) {
  std::string out;
  for (auto const& text : texts) out += (out.empty() ? "" : "; ") + text;
  return out;
}

process::containment held(int resource, rlim_t value) {
  process::containment out;
  out.limits.push_back({resource, {value, value}});
  return out;
}

}  // namespace

TEST_CASE("the end of a script tells which limit it met") {
  struct row {
    std::string_view label;
    process::containment held_by;
    int wait_status;
    int cpu_seconds;
    bool stopped;
    std::string_view expected;
  };
  row const rows[] = {
      {"it ended well", held(RLIMIT_CPU, 2), exited(0), 1, false, ""},
      {"SIGXCPU", held(RLIMIT_CPU, 2), SIGXCPU, 2, false,
       "used more than 2 s of processor time (--limit-cpu)"},
      {"SIGXCPU for a child of a shell", held(RLIMIT_CPU, 2), exited(128 + SIGXCPU), 2, false,
       "used more than 2 s of processor time (--limit-cpu)"},
      {"SIGXCPU without a limit of ours", {}, SIGXCPU, 2, false, ""},
      {"killed for not heeding it", held(RLIMIT_CPU, 2), SIGKILL, 3, false,
       "used more than 2 s of processor time (--limit-cpu) and ignored SIGXCPU"},
      {"killed by somebody", held(RLIMIT_CPU, 2), SIGKILL, 1, false, ""},
      {"killed by the server", held(RLIMIT_CPU, 2), SIGKILL, 3, true, ""},
      {"SIGXFSZ", held(RLIMIT_FSIZE, 4096), SIGXFSZ, 0, false,
       "wrote more than 4096 bytes to a file (--limit-file-size)"},
      {"another limit's signal", held(RLIMIT_CPU, 2), SIGXFSZ, 0, false, ""},
      {"SIGSYS without a sandbox", held(RLIMIT_CPU, 2), SIGSYS, 0, false, ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    cgi::script_end end{.wait_status = r.wait_status, .stopped = r.stopped};
    end.used.ru_utime.tv_sec = r.cpu_seconds;
    CHECK(joined(cgi::limits_met(r.held_by, end)) == r.expected);
  }
}

TEST_CASE("what a script says on standard error tells which limit it met, if that is in force") {
  struct row {
    std::string_view label;
    process::containment held_by;
    std::vector<std::string> lines;
    std::string_view expected;
  };
  row const rows[] = {
      {"nothing", held(RLIMIT_AS, 1), {}, ""},
      {"no memory, in C's words",
       held(RLIMIT_AS, 1),
       {"a.sh: xrealloc: Cannot allocate memory"},
       "seems to have met --limit-memory: it says Cannot allocate memory"},
      {"in Python's, once for all",
       held(RLIMIT_AS, 1),
       {"Traceback", "MemoryError", "MemoryError", "Cannot allocate memory"},
       "seems to have met --limit-memory: it says Cannot allocate memory"},
      {"without that limit", held(RLIMIT_CPU, 1), {"MemoryError"}, ""},
      {"no process",
       held(RLIMIT_NPROC, 1),
       {"a.sh: 3: Cannot fork"},
       "seems to have met --limit-processes: it says Cannot fork"},
      {"no descriptor",
       held(RLIMIT_NOFILE, 1),
       {"a: Too many open files"},
       "seems to have met --limit-files: it says Too many open files"},
      {"a signal that Python ignores",
       held(RLIMIT_FSIZE, 1),
       {"OSError: [Errno 27] File too large"},
       "seems to have met --limit-file-size: it says File too large"},
      {"denied without a sandbox", held(RLIMIT_AS, 1), {"cat: x: Permission denied"}, ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    cgi::script_end const end{.wait_status = exited(1), .stderr_lines = r.lines};
    CHECK(joined(cgi::limits_met(r.held_by, end)) == r.expected);
  }
}
