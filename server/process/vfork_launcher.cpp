#include "gatehouse/process/vfork_launcher.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/process/sandbox.hpp"

// The child shares the parent's memory until it execs, so the code that it runs there must not be
// instrumented.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GATEHOUSE_UNINSTRUMENTED \
  __attribute__((no_sanitize("address", "thread", "undefined"), noinline))
#else
#define GATEHOUSE_UNINSTRUMENTED __attribute__((noinline))
#endif

// ThreadSanitizer takes every clone for a fork. It would stop watching the calling thread, because
// the child changes the memory that it shares with us. It does not intercept glibc's other name for
// the function.
#if defined(__SANITIZE_THREAD__)
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;
#define GATEHOUSE_CLONE __clone
#else
#define GATEHOUSE_CLONE ::clone
#endif

namespace gatehouse::process {
namespace {

// What the child needs. The parent prepares it; the child only reads it, and writes failure.
struct child_plan {
  char const* path;
  char* const* arguments;
  char* const* environment;
  char const* directory;
  rlimit descriptor_limit;  // rlim_cur is 0 if it stays as it is
  resource_limit const* limits;
  std::size_t limit_count;
  int nice;  // 0: stays as it is
  bool no_new_privileges;
  int ruleset;  // -1: no sandbox
  std::uint32_t ruleset_flags;
  std::uint64_t group_key;
  std::array<int, 3> slots;
  unsigned first_after_slots;
  int const* signals;
  std::size_t signal_count;
  pid_t server;  // 0: it may outlive the server
  int failure;   // errno of the call that failed
};

// Leaves the server's descriptor table with a copy of its low end, and moves the slots to 0, 1 and
// 2. The child closes nothing before the table is its own, because it would close the server's
// descriptors; an unshare that fails closes nothing either.
GATEHOUSE_UNINSTRUMENTED bool place_descriptors(child_plan const& plan) {
  if (::syscall(SYS_close_range, plan.first_after_slots, ~0U, CLOSE_RANGE_UNSHARE) != 0)
    return false;
  for (int target = 0; target < 3; ++target) {
    if (::syscall(SYS_dup3, plan.slots[static_cast<std::size_t>(target)], target, 0) < 0)
      return false;
  }
  return ::syscall(SYS_close_range, 3U, ~0U, 0U) == 0;
}

// An exec resets handlers to the default, but leaves ignored signals ignored. Caught signals stay
// blocked until the handlers are gone, because a handler of the server's must not run in the
// server's memory from another process.
GATEHOUSE_UNINSTRUMENTED bool reset_signals(child_plan const& plan) {
  // This is the kernel's struct sigaction, for the system call. A sanitizer replaces the C
  // library's function, and would note the change in the shared memory as if it were the server's
  // own.
  struct {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags = 0;
    void (*restorer)() = nullptr;
    std::uint64_t mask = 0;
  } const standard;
  std::uint64_t const none = 0;
  for (std::size_t i = 0; i < plan.signal_count; ++i) {
    if (::syscall(SYS_rt_sigaction, plan.signals[i], &standard, nullptr, sizeof none) != 0)
      return false;
  }
  return ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none) == 0;
}

// The child gets a group of its own, so that everything in it can be stopped together. The filter
// of a sandbox lets only callers with the key make a group.
GATEHOUSE_UNINSTRUMENTED bool make_group(child_plan const& plan) {
  auto const low = plan.group_key & 0xFFFFFFFFU;
  return ::syscall(SYS_setpgid, 0, 0, low, plan.group_key >> 32U) == 0;
}

// Has to come before the ruleset's descriptor is closed. The credentials are the child's own, so
// the server is not restricted.
GATEHOUSE_UNINSTRUMENTED bool enter_sandbox(child_plan const& plan) {
  if (plan.no_new_privileges && ::syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return false;
  return plan.ruleset < 0 ||
         ::syscall(SYS_landlock_restrict_self, plan.ruleset, plan.ruleset_flags) == 0;
}

// With root's capabilities the modes of files would not hold a script, among other things. Because
// no new privileges can be gained, an exec does not give them back.
GATEHOUSE_UNINSTRUMENTED bool drop_capabilities(child_plan const& plan) {
  if (plan.ruleset < 0) return true;
  __user_cap_header_struct const header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct const none[_LINUX_CAPABILITY_U32S_3]{};
  return ::syscall(SYS_capset, &header, none) == 0;
}

GATEHOUSE_UNINSTRUMENTED bool set_limits(child_plan const& plan) {
  if (plan.descriptor_limit.rlim_cur != 0 &&
      ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &plan.descriptor_limit, nullptr) != 0)
    return false;
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    auto const& limit = plan.limits[i];
    if (::syscall(SYS_prlimit64, 0, limit.resource, &limit.value, nullptr) != 0) return false;
  }
  return plan.nice == 0 || ::syscall(SYS_setpriority, PRIO_PROCESS, 0, plan.nice) == 0;
}

// The signal follows the thread that called clone. If that has ended before, this is a child of
// somebody else by now.
GATEHOUSE_UNINSTRUMENTED bool end_with_server(child_plan const& plan) {
  if (plan.server == 0) return true;
  if (::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return false;
  if (::syscall(SYS_getppid) == plan.server) return true;
  errno = ESRCH;
  return false;
}

// What the child does from its first step to the exec. It makes only async-signal-safe calls.
GATEHOUSE_UNINSTRUMENTED int run_child(void* argument) {
  auto& plan = *static_cast<child_plan*>(argument);
  if (make_group(plan) && enter_sandbox(plan) && place_descriptors(plan) &&
      ::syscall(SYS_chdir, plan.directory) == 0 && set_limits(plan) && drop_capabilities(plan) &&
      reset_signals(plan) && end_with_server(plan)) {
    ::syscall(SYS_execve, plan.path, plan.arguments, plan.environment);
  }
  plan.failure = errno;
  while (true) ::syscall(SYS_exit_group, 127);
}

base::error_code error_of_system(int number) {
  return {number, boost::system::system_category()};
}

std::vector<char*> pointers(std::vector<std::string> const& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (auto const& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

// Every signal that is not at its default. Ignored ones would be inherited over the exec, and
// caught ones must not run our handlers between unblocking and exec.
std::vector<int> signals_to_reset() {
  std::vector<int> out;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction now {};
    if (signal == SIGKILL || signal == SIGSTOP || ::sigaction(signal, nullptr, &now) != 0) continue;
    if (now.sa_handler != SIG_DFL) out.push_back(signal);
  }
  return out;
}

base::unique_fd reserved(int fd) {
  if (fd < 0) throw std::system_error(errno, std::system_category(), "no descriptor for scripts");
  return base::unique_fd(fd);
}

// The number of a descriptor that the program is to get for each of its 0, 1 and 2; -1: none.
std::array<int, 3> descriptors_of(program const& what) {
  return {what.standard_input.get(), what.standard_output.get(), what.standard_error.get()};
}

// Puts the program's limits and its sandbox into the plan. The entry has to last until the child
// has entered the sandbox.
base::error_code hold(child_plan& plan, sandbox_entry& entry, program const& what) {
  auto const& held_by = *what.held_by;
  plan.limits = held_by.limits.data();
  plan.limit_count = held_by.limits.size();
  plan.nice = held_by.nice;
  plan.no_new_privileges = held_by.no_new_privileges;
  if (held_by.sandbox == nullptr) return {};
  auto made = held_by.sandbox->entry_for(what.directory, what.script);
  if (made.has_error()) return made.error();
  entry = std::move(*made);
  plan.ruleset = entry.ruleset->get();
  plan.ruleset_flags = entry.flags;
  return {};
}

void give_back_descriptor_limit(child_plan& plan, program const& what) {
  if (what.descriptor_limit == 0 || ::getrlimit(RLIMIT_NOFILE, &plan.descriptor_limit) != 0) return;
  plan.descriptor_limit.rlim_cur = std::min(what.descriptor_limit, plan.descriptor_limit.rlim_max);
}

}  // namespace

vfork_launcher::vfork_launcher(std::uint64_t group_key)
    : null_(reserved(::open("/dev/null", O_RDONLY | O_CLOEXEC))),
      signals_(signals_to_reset()),
      group_key_(group_key) {
  // Not below 3, where the child's own are placed one after the other.
  for (auto& slot : slots_) slot = reserved(::fcntl(null_.get(), F_DUPFD_CLOEXEC, 3));
}

// Duplicates the program's descriptors onto the slots.
base::error_code vfork_launcher::fill_slots(program const& what) {
  auto const lent = descriptors_of(what);
  for (std::size_t i = 0; i < lent.size(); ++i) {
    if (lent[i] >= 0 && ::dup3(lent[i], slots_[i].get(), O_CLOEXEC) < 0) return base::last_error();
  }
  return {};
}

// Makes the slots hold /dev/null again. Otherwise they would keep the program's pipes open after
// the program has closed them.
void vfork_launcher::clear_slots(program const& what) {
  auto const lent = descriptors_of(what);
  for (std::size_t i = 0; i < lent.size(); ++i) {
    if (lent[i] >= 0) ::dup3(null_.get(), slots_[i].get(), O_CLOEXEC);
  }
}

base::result<pid_t> vfork_launcher::start(program const& what, int* pidfd) {
  auto const arguments = pointers(what.arguments);
  auto const environment = pointers(what.environment);
  child_plan plan{};
  plan.path = what.path.c_str();
  plan.arguments = arguments.data();
  plan.environment = environment.data();
  plan.directory = what.directory.c_str();
  plan.group_key = group_key_;
  plan.slots = {slots_[0].get(), slots_[1].get(), slots_[2].get()};
  plan.first_after_slots =
      static_cast<unsigned>(*std::max_element(plan.slots.begin(), plan.slots.end())) + 1;
  plan.signals = signals_.data();
  plan.signal_count = signals_.size();
  plan.server = what.ends_with_server ? ::getpid() : 0;
  give_back_descriptor_limit(plan, what);
  plan.ruleset = -1;
  sandbox_entry entry;
  if (what.held_by != nullptr) {
    auto const error = hold(plan, entry, what);
    if (error) return error;
  }
  auto const unfilled = fill_slots(what);
  if (unfilled) {
    clear_slots(what);
    return unfilled;
  }

  alignas(16) std::array<char, base::limits::child_stack_bytes> stack;
  int const flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_CHILD_SETTID |
                    (pidfd != nullptr ? CLONE_PIDFD : 0) | SIGCHLD;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t const pid = GATEHOUSE_CLONE(run_child, stack.data() + stack.size(), flags, &plan, pidfd,
                                    nullptr, &child_);
  int const clone_failure = pid < 0 ? errno : 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  clear_slots(what);

  if (clone_failure != 0) return error_of_system(clone_failure);
  if (plan.failure != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (pidfd != nullptr) ::close(*pidfd);
    return error_of_system(plan.failure);
  }
  return pid;
}

}  // namespace gatehouse::process
