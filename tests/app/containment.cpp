#include "gatehouse/app/containment.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "../refuse_call.hpp"

using namespace gatehouse;
using namespace std::chrono_literals;

namespace {

std::optional<rlimit> limit(process::containment const& held_by, int resource) {
  for (auto const& one : held_by.limits) {
    if (one.resource == resource) return one.value;
  }
  return std::nullopt;
}

std::string reasons(config::options const& chosen, bool as_root) {
  std::string out;
  for (auto const& remark : app::containment_remarks(chosen, as_root, 7))
    out.append(remark.reason).append(remark.warning ? "! " : " ");
  return out;
}

}  // namespace

TEST_CASE("without options programs are held by nothing but the loss of new privileges") {
  auto const held_by = app::make_containment({});
  CHECK(held_by.limits.empty());
  CHECK(held_by.nice == 0);
  CHECK(held_by.no_new_privileges);
  CHECK(app::make_sandbox({}) == nullptr);
  CHECK_FALSE(app::make_filter({}).has_value());
}

TEST_CASE("each option is a limit of the system") {
  config::options chosen;
  chosen.server.limit_cpu = 2s;
  chosen.server.limit_memory_bytes = 1 << 20;
  chosen.server.limit_processes = 3;
  chosen.server.limit_files = 20;
  chosen.server.limit_file_size_bytes = 512;
  chosen.server.nice = 4;
  chosen.server.no_new_privs = false;
  auto const held_by = app::make_containment(chosen.server);
  struct row {
    std::string_view label;
    int resource;
    rlim_t soft;
    rlim_t hard;
  };
  row const rows[] = {
      {"SIGXCPU, and SIGKILL a second later", RLIMIT_CPU, 2, 3},
      {"address space", RLIMIT_AS, 1 << 20, 1 << 20},
      {"processes", RLIMIT_NPROC, 3, 3},
      {"descriptors", RLIMIT_NOFILE, 20, 20},
      {"file size", RLIMIT_FSIZE, 512, 512},
      {"no core file by the signals of limits", RLIMIT_CORE, 0, 0},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const found = limit(held_by, r.resource);
    REQUIRE(found.has_value());
    CHECK(found->rlim_cur == r.soft);
    CHECK(found->rlim_max == r.hard);
  }
  CHECK(held_by.nice == ::getpriority(PRIO_PROCESS, 0) + 4);
  CHECK_FALSE(held_by.no_new_privileges);
}

TEST_CASE("a limit over the system's own is brought down to it") {
  rlimit system{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &system) == 0);
  config::options chosen;
  chosen.server.limit_files = system.rlim_max + 1;
  CHECK(limit(app::make_containment(chosen.server), RLIMIT_NOFILE)->rlim_max == system.rlim_max);
}

TEST_CASE("the log is told who programs run as, where there are programs") {
  config::options chosen;
  CHECK(reasons(chosen, true) == "");
  chosen.site.cgi_extensions = {".cgi"};
  CHECK(reasons(chosen, true) == "scripts-as-root! ");
  chosen.server.limit_processes = 5;
  CHECK(reasons(chosen, true) == "scripts-as-root! limit-not-in-force! ");
  CHECK(reasons(chosen, false) == "");
}

TEST_CASE("where the kernel has no Landlock, --sandbox is an error and not a server without it") {
  config::options chosen;
  chosen.server.sandbox = true;
  std::string error = "none";
  std::thread([&] {
    if (!tests::refuse_call(SYS_landlock_create_ruleset, EOPNOTSUPP)) return;
    try {
      app::make_sandbox(chosen);
    } catch (std::runtime_error const& e) {
      error = e.what();
    }
  }).join();
  CHECK(error.starts_with("--sandbox: this kernel has no Landlock"));
}
