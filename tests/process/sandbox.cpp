#include "gatehouse/process/sandbox.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <thread>

#include "../refuse_call.hpp"
#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/process/launcher.hpp"
#include "gatehouse/process/pipe.hpp"
#include "gatehouse/process/system_call_filter.hpp"

using namespace gatehouse;
namespace fs = std::filesystem;

namespace {

bool no_landlock() {
  if (process::landlock_version().has_value()) return false;
  MESSAGE("this kernel has no Landlock");
  return true;
}

std::shared_ptr<process::sandbox> prepared(process::sandbox_rules rules = {}) {
  auto made = process::sandbox::prepare(std::move(rules));
  REQUIRE(made.has_value());
  return std::move(*made);
}

// What a shell prints that runs in the sandbox, in that directory.
std::string run(std::shared_ptr<process::sandbox> const& box, std::string const& directory,
                std::string const& script) {
  std::string out;
  std::thread([&] {
    auto pipe = process::make_pipe();
    process::program what;
    what.path = "/bin/sh";
    what.arguments = {"sh", "-c", script};
    what.environment = {"PATH=/usr/bin:/bin"};
    what.directory = directory;
    what.held_by = std::make_shared<process::containment const>(
        process::containment{.no_new_privileges = true, .sandbox = box});
    what.standard_output = std::move(pipe->write);
    auto const filter = process::system_call_filter::prepare(false);
    if (filter.has_error() || filter->install()) return;
    process::vfork_launcher launcher(filter->group_key());
    auto const pid = launcher.start(what);
    what.standard_output.reset();
    if (pid.has_error()) {
      out = pid.error().message();
      return;
    }
    char buffer[1000];
    for (ssize_t got = 0; (got = ::read(pipe->read.get(), buffer, sizeof buffer)) > 0;)
      out.append(buffer, static_cast<std::size_t>(got));
    ::waitpid(*pid, nullptr, 0);
  }).join();
  return out;
}

}  // namespace

TEST_CASE("what a kernel does not hold is said") {
  struct row {
    std::string_view label;
    int version;
    std::string_view has;
    std::string_view has_not;
  };
  row const rows[] = {
      {"the first", 1, "truncating files", ""},
      {"with truncation", 3, "ioctl", "truncating"},
      {"with devices", 5, "signals", "ioctl"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const text = process::not_held_by(r.version);
    CHECK(text.find(r.has) != std::string::npos);
    if (!r.has_not.empty()) CHECK(text.find(r.has_not) == std::string::npos);
  }
  CHECK(process::not_held_by(6).empty());
}

TEST_CASE("a server whose kernel lacks a part of the sandbox cannot have one") {
  if (no_landlock()) return;
  struct row {
    std::string_view label;
    std::uint32_t call;
    int error;
  };
  row const rows[] = {
      {"Landlock is not built in", SYS_landlock_create_ruleset, ENOSYS},
      {"Landlock is switched off", SYS_landlock_create_ruleset, EOPNOTSUPP},
      {"scripts cannot enter it", SYS_landlock_restrict_self, EPERM},
      {"no seccomp", SYS_seccomp, EINVAL},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    base::error_code error;
    std::thread([&] {
      if (!tests::refuse_call(r.call, static_cast<std::uint32_t>(r.error))) return;
      auto const made = process::sandbox::prepare({});
      if (made.has_error()) error = made.error();
      auto const filter = process::system_call_filter::prepare(false);
      if (filter.has_error()) error = filter.error();
    }).join();
    CHECK(error.value() == r.error);
  }
}

TEST_CASE("a directory's ruleset is made once, and anew when another takes its place") {
  if (no_landlock()) return;
  tests::temporary_directory const at;
  at.directory("a");
  at.directory("b");
  at.write("c/script", "");
  at.link("a/link", "../c/script");
  auto const box = prepared();
  auto const ruleset = [&](char const* directory, std::string const& script) {
    auto const entry = box->entry_for((at / directory).string(), script);
    REQUIRE(entry.has_value());
    return entry->ruleset;
  };
  auto const first = ruleset("a", at / "a/x");
  CHECK(ruleset("a", at / "a/y") == first);
  CHECK(ruleset("b", at / "b/x") != first);
  CHECK(ruleset("a", at / "a/link") != first);
  CHECK(::fcntl(first->get(), F_GETFD) == FD_CLOEXEC);
  fs::rename(at / "a", at / "old");
  at.directory("a");
  CHECK(ruleset("a", at / "a/x") != first);
}

TEST_CASE("no more than so many rulesets are kept, and one that is in use stays whole") {
  if (no_landlock()) return;
  constexpr auto most = base::limits::sandboxed_directories;
  tests::temporary_directory const at;
  auto const box = prepared();
  std::vector<std::weak_ptr<base::unique_fd const>> made;
  auto const ruleset = [&] {
    auto const name = std::to_string(made.size());
    at.directory(name);
    auto const entry = box->entry_for(at / name, at / name / "script");
    REQUIRE(entry.has_value());
    made.push_back(entry->ruleset);
    return entry->ruleset;
  };
  auto const kept = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(made, [](auto const& one) { return !one.expired(); }));
  };
  auto in_use = ruleset();
  while (made.size() < most) ruleset();
  CHECK(kept() == most);
  while (made.size() < 3 * most) {
    ruleset();
    CHECK(kept() <= most + 1);
  }
  REQUIRE(in_use.use_count() == 1);
  CHECK(::fcntl(in_use->get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("what takes the place of a file that may be read may be read") {
  if (no_landlock()) return;
  tests::temporary_directory const at;
  at.directory("own");
  at.file("data", "old\n");
  auto const box = prepared({.readable = {at / "data"}});
  CHECK(run(box, at / "own", "cat ../data") == "old\n");
  at.file("new", "new\n");
  fs::rename(at / "new", at / "data");
  std::string last;
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (last != "new\n" && std::chrono::steady_clock::now() < until)
    last = run(box, at / "own", "cat ../data");
  CHECK(last == "new\n");
}

TEST_CASE("a directory that is gone has no sandbox") {
  if (no_landlock()) return;
  auto const entry = prepared()->entry_for("/nonexistent", "/nonexistent/a");
  REQUIRE(entry.has_error());
  CHECK(entry.error().value() == ENOENT);
}

TEST_CASE("a program reads the system and its own directory, and nothing else") {
  if (no_landlock()) return;
  tests::temporary_directory const at;
  at.file("own/mine", "mine\n");
  at.file("own/below/mine", "below\n");
  at.file("other/theirs", "theirs\n");
  at.file("data/read", "data\n");
  at.directory("spool");
  auto const box = prepared({.readable = {at / "data"}, .writable = {at / "spool"}});
  struct row {
    std::string_view label;
    std::string script;
    std::string_view expected;
  };
  row const rows[] = {
      {"its own", "cat mine below/mine", "mine\nbelow\n"},
      {"another's", "cat ../other/theirs 2>&1", "cat: ../other/theirs: Permission denied\n"},
      {"what is allowed", "cat ../data/read", "data\n"},
      {"where it may write", "echo new >../spool/file && cat ../spool/file && rm ../spool/file",
       "new\n"},
      {"no program where it may write",
       "printf '#!/bin/sh\\necho ran\\n' >../spool/p; chmod +x ../spool/p; ../spool/p || echo no",
       "no\n"},
      {"not in its own directory", "(echo new >file) || echo no", "no\n"},
      {"the system", "head -c 5 /etc/passwd >/dev/null && ls /usr >/dev/null && echo fine",
       "fine\n"},
      {"programs of its own", "cp /bin/true ../spool/t; echo echo ran >../spool/s; sh ../spool/s",
       "ran\n"},
      {"no capability is left", "grep ^CapEff /proc/self/status", "CapEff:\t0000000000000000\n"},
      {"its group is its own", "[ $$ = $(cut -d' ' -f5 /proc/$$/stat) ] && echo leads", "leads\n"},
      {"and it cannot leave it", "setsid true || echo stays", "stays\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(run(box, at / "own", r.script) == r.expected);
  }
  CHECK_FALSE(fs::exists(at / "own/file"));
}

TEST_CASE("of /etc root's programs read what is public") {
  if (no_landlock() || ::geteuid() != 0) return;
  tests::temporary_directory const own;
  auto const box = prepared();
  CHECK(run(box, own.path(), "cat /etc/shadow 2>&1") == "cat: /etc/shadow: Permission denied\n");
  CHECK(run(box, own.path(), "cat /etc/passwd >/dev/null && echo read") == "read\n");
}
