#include "gatehouse/app/containment.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>

#include "gatehouse/app/map_kinds.hpp"

namespace gatehouse::app {
namespace {

constexpr int lowest_priority = 19;

// Adds a limit with a soft and a hard value. For processor time, SIGXCPU comes at the soft value
// and SIGKILL at the hard one.
void add_limit(process::containment& to, int resource, std::uint64_t value,
               std::uint64_t above = 0) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return;
  auto const most = now.rlim_max;
  to.limits.push_back(
      {resource, {std::min<rlim_t>(value, most), std::min<rlim_t>(value + above, most)}});
}

// Adds the program, and the files that its arguments name, such as a configuration.
void add_interpreter(std::vector<std::filesystem::path>& readable,
                     config::interpreter const& what) {
  readable.push_back(what.program);
  for (std::filesystem::path const argument : what.arguments) {
    std::error_code none;
    if (argument.is_absolute() && std::filesystem::exists(argument, none))
      readable.push_back(argument);
  }
}

bool has_programs(config::site_options const& chosen) {
  return !chosen.cgi_bin.empty() || !chosen.cgi_extensions.empty() ||
         std::any_of(chosen.mappings.begin(), chosen.mappings.end(), [](config::mapping const& m) {
           return m.form != config::map_target::as_written &&
                  kind_of(m, registered_kinds()).runs_target;
         });
}

std::string sandbox_text(config::server_options const& chosen, int version) {
  std::string out = "programs are held by Landlock (version " + std::to_string(version) +
                    ") and seccomp: they read the system and their own directory, and ";
  out += chosen.sandbox_write.empty() ? "write nothing" : "write where --sandbox-write says";
  out += chosen.sandbox_net ? "; --sandbox-net: any network" : "; no network";
  auto const missing = process::not_held_by(version);
  if (!missing.empty()) out += ". Not held by this kernel: " + missing;
  return out;
}

std::runtime_error cannot_be_made(base::error_code const& why) {
  using boost::system::errc::errc_t;
  bool const absent =
      why == errc_t::function_not_supported || why == errc_t::operation_not_supported;
  return std::runtime_error(
      absent ? "--sandbox: this kernel has no Landlock, or no seccomp for this processor; programs "
               "would run without"
             : "--sandbox: cannot be made: " + why.message());
}

}  // namespace

process::containment make_containment(config::server_options const& chosen) {
  process::containment out;
  if (chosen.limit_cpu.count() > 0) {
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(chosen.limit_cpu).count();
    add_limit(out, RLIMIT_CPU, static_cast<std::uint64_t>(seconds), 1);
  }
  if (chosen.limit_memory_bytes > 0) add_limit(out, RLIMIT_AS, chosen.limit_memory_bytes);
  if (chosen.limit_processes > 0) add_limit(out, RLIMIT_NPROC, chosen.limit_processes);
  if (chosen.limit_files > 0) add_limit(out, RLIMIT_NOFILE, chosen.limit_files);
  if (chosen.limit_file_size_bytes > 0) add_limit(out, RLIMIT_FSIZE, chosen.limit_file_size_bytes);
  // The signals of these two limits would leave a core file.
  if (chosen.limit_cpu.count() > 0 || chosen.limit_file_size_bytes > 0)
    add_limit(out, RLIMIT_CORE, 0);
  if (chosen.nice > 0) {
    int const own = ::getpriority(PRIO_PROCESS, 0);
    out.nice = std::min(own + static_cast<int>(chosen.nice), lowest_priority);
  }
  out.no_new_privileges = chosen.no_new_privs;
  return out;
}

std::optional<process::system_call_filter> make_filter(config::server_options const& chosen) {
  if (!chosen.sandbox) return std::nullopt;
  auto made = process::system_call_filter::prepare(chosen.sandbox_net);
  if (made.has_error()) throw cannot_be_made(made.error());
  return std::move(*made);
}

std::shared_ptr<process::sandbox> make_sandbox(config::options const& chosen) {
  if (!chosen.server.sandbox) return nullptr;
  process::sandbox_rules rules{chosen.server.sandbox_read, chosen.server.sandbox_write,
                               chosen.server.sandbox_net};
  for (auto const& i : chosen.site.interpreters) {
    if (i.kind.empty() || i.form == config::map_target::program) add_interpreter(rules.readable, i);
  }
  auto made = process::sandbox::prepare(std::move(rules));
  if (made.has_error()) throw cannot_be_made(made.error());
  return std::move(*made);
}

std::vector<remark> containment_remarks(config::options const& chosen, bool as_root,
                                        int landlock_version) {
  std::vector<remark> out;
  if (!has_programs(chosen.site)) return out;
  if (as_root) {
    out.push_back({true, "scripts-as-root",
                   "programs run as root; give them a user of their own with --user"});
  }
  if (as_root && chosen.server.limit_processes > 0)
    out.push_back({true, "limit-not-in-force", "--limit-processes does not hold root"});
  if (chosen.server.sandbox)
    out.push_back({false, "sandbox", sandbox_text(chosen.server, landlock_version)});
  if (chosen.server.sandbox && !chosen.site.warm.empty()) {
    out.push_back({true, "warm-off",
                   "--warm: scripts start cold in the sandbox, which does not let a template fork "
                   "them for the server"});
  }
  return out;
}

}  // namespace gatehouse::app
