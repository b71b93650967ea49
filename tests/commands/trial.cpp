#include "gatehouse/commands/trial.hpp"

#include <doctest/doctest.h>

#include "../temporary_directory.hpp"
#include "gatehouse/config/directories.hpp"

using namespace gatehouse;
using namespace gatehouse::commands;
using namespace std::chrono_literals;

namespace {

std::string const text_head = "printf 'Content-Type: text/plain\\n\\n'\n";

// "warning trial-exit-status, note trial-stderr"
std::string summary(trial_result const& result) {
  using gatehouse::gateway::severity;
  std::string out;
  for (auto const& f : trial_findings(result)) {
    if (!out.empty()) out += ", ";
    out += f.how == severity::error ? "error " : f.how == severity::warning ? "warning " : "note ";
    out += f.reason;
  }
  return out;
}

config::options serving(gatehouse::tests::temporary_directory const& directory) {
  config::options given;
  given.site.root = directory.path();
  return std::get<config::options>(config::resolve_directories(std::move(given), directory.path()));
}

}  // namespace

TEST_CASE("a program that is tried shows what is wrong with its answer") {
  gatehouse::tests::temporary_directory const directory;
  struct row {
    std::string_view label;
    std::string script;
    std::string_view found;
  };
  row const rows[] = {
      {"sound", text_head + "echo $REQUEST_METHOD", ""},
      {"no header", "echo hello", "error script-no-blank-line"},
      {"no output", "true", "error script-no-output"},
      {"a failure after the answer", text_head + "exit 3", "warning trial-exit-status"},
      {"its own 500", "printf 'Status: 500 Oh\\nContent-Type: text/plain\\n\\nno\\n'",
       "warning trial-server-error"},
      {"its own 400", "printf 'Status: 400 Oh\\nContent-Type: text/plain\\n\\nno\\n'", ""},
      {"talk on standard error", text_head + "echo so >&2", "note trial-stderr"},
      {"less than was promised", "printf 'Content-Type: text/plain\\nContent-Length: 9\\n\\nshort'",
       "error trial-incomplete"},
      {"more than was promised", "printf 'Content-Type: text/plain\\nContent-Length: 3\\n\\nshort'",
       "warning trial-over-length"},
      {"an end by a signal", text_head + "echo a\nkill -SEGV $$", "error trial-incomplete"},
      {"a failure before any content", text_head + "echo why >&2\nexit 3", "error script-failed"},
      {"no Content-Type", "printf 'X-A: b\\n\\nbody'", "note trial-strays"},
      {"a repeated header",
       "printf 'Content-Type: text/plain\\nContent-Type: text/plain\\n\\nbody'",
       "note trial-strays"},
      {"a redirect within the site", "printf 'Location: /cgi-bin/none\\n\\n'",
       "error script-not-found"},
      {"a redirect for the client", "printf 'Location: http://localhost/\\n\\n'", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    directory.write("cgi-bin/a b", "#!/bin/sh\n" + r.script + "\n", 0755);
    auto const chosen = serving(directory);
    trial attempt(chosen);
    CHECK(summary(attempt.get("/cgi-bin/a b")) == r.found);
  }
}

TEST_CASE("a program that goes on is stopped after its time, and others are tried after it") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("cgi-bin/silent", "#!/bin/sh\nsleep 1000\n", 0755);
  directory.write("cgi-bin/endless", "#!/bin/sh\n" + text_head + "echo a\nsleep 1000\n", 0755);
  directory.write("cgi-bin/sound", "#!/bin/sh\n" + text_head, 0755);
  auto const chosen = serving(directory);
  trial attempt(chosen, 300ms);
  CHECK(summary(attempt.get("/cgi-bin/silent")) == "warning trial-no-output");
  CHECK(summary(attempt.get("/cgi-bin/sound")).empty());
  trial patient(chosen, 2s);
  CHECK(summary(patient.get("/cgi-bin/endless")) == "warning trial-unfinished");
}
