#include "gatehouse/process/launcher.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "gatehouse/base/event.hpp"

// The child shares the parent's memory until it execs: what it runs must not be instrumented.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GATEHOUSE_UNINSTRUMENTED \
  __attribute__((no_sanitize("address", "thread", "undefined"), noinline))
#else
#define GATEHOUSE_UNINSTRUMENTED __attribute__((noinline))
#endif

// ThreadSanitizer takes every clone for a fork and, in the memory that the child shares with us,
// stops watching the calling thread. glibc's other name for the function goes past it.
#if defined(__SANITIZE_THREAD__)
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;
#define GATEHOUSE_CLONE __clone
#else
#define GATEHOUSE_CLONE ::clone
#endif

namespace gatehouse::process {
namespace {

// What the child needs, made ready by the parent; it only reads this, except for failure.
struct child_plan {
  char const* path;
  char* const* arguments;
  char* const* environment;
  char const* directory;
  rlimit descriptor_limit;  // rlim_cur is 0 if it stays as it is
  std::array<int, 3> descriptors;
  std::array<int, 64> ignored_signals;
  int ignored_signal_count;
  int failure;  // errno of the call that failed
};

// Brings the three descriptors to 0, 1 and 2. A source below 3 could be overwritten before its
// turn, so those move out of the way first.
GATEHOUSE_UNINSTRUMENTED bool place_descriptors(child_plan& plan) {
  for (int& fd : plan.descriptors) {
    if (fd > 2) continue;
    long const moved = ::syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return false;
    fd = static_cast<int>(moved);
  }
  for (int target = 0; target < 3; ++target) {
    if (::syscall(SYS_dup3, plan.descriptors[static_cast<std::size_t>(target)], target, 0) < 0)
      return false;
  }
  return ::syscall(SYS_close_range, 3U, ~0U, 0U) == 0;
}

// Handlers go back to the default at exec; what is ignored would stay so. Caught signals stay
// blocked until the handlers are gone: a handler of ours must not run in our memory from another
// process.
GATEHOUSE_UNINSTRUMENTED bool reset_signals(child_plan const& plan) {
  // The kernel's struct sigaction, and not the C library's function: a sanitizer's stand-in for
  // that would note the change in the memory that is shared, as if it were the server's own.
  struct {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags = 0;
    void (*restorer)() = nullptr;
    std::uint64_t mask = 0;
  } const standard;
  std::uint64_t const none = 0;
  for (int i = 0; i < plan.ignored_signal_count; ++i) {
    int const signal = plan.ignored_signals[static_cast<std::size_t>(i)];
    if (::syscall(SYS_rt_sigaction, signal, &standard, nullptr, sizeof none) != 0) return false;
  }
  return ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none) == 0;
}

GATEHOUSE_UNINSTRUMENTED bool limit_descriptors(child_plan const& plan) {
  if (plan.descriptor_limit.rlim_cur == 0) return true;
  return ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &plan.descriptor_limit, nullptr) == 0;
}

// The child, from its first step to the exec. Async-signal-safe calls only.
GATEHOUSE_UNINSTRUMENTED int run_child(void* argument) {
  auto& plan = *static_cast<child_plan*>(argument);
  if (::syscall(SYS_setpgid, 0, 0) == 0 && place_descriptors(plan) &&
      ::syscall(SYS_chdir, plan.directory) == 0 && limit_descriptors(plan) && reset_signals(plan)) {
    ::syscall(SYS_execve, plan.path, plan.arguments, plan.environment);
  }
  plan.failure = errno;
  while (true) ::syscall(SYS_exit_group, 127);
}

std::vector<char*> pointers(std::vector<std::string> const& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (auto const& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

// Every signal that is not at its default: ignored ones are inherited over an exec, and caught ones
// must not find our handlers between unblocking and exec.
void find_signals_to_reset(child_plan& plan) {
  for (int signal = 1; signal < 64; ++signal) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) != 0) continue;
    if (now.sa_handler == SIG_DFL || signal == SIGKILL || signal == SIGSTOP) continue;
    plan.ignored_signals[static_cast<std::size_t>(plan.ignored_signal_count++)] = signal;
  }
}

}  // namespace

pid_t vfork_launcher::start(program const& what, int& pidfd, base::error_code& ec) {
  auto const arguments = pointers(what.arguments);
  auto const environment = pointers(what.environment);
  child_plan plan{};
  plan.path = what.path.c_str();
  plan.arguments = arguments.data();
  plan.environment = environment.data();
  plan.directory = what.directory.c_str();
  plan.descriptors = {what.standard_input.get(), what.standard_output.get(),
                      what.standard_error.get()};
  find_signals_to_reset(plan);
  if (what.descriptor_limit > 0 && ::getrlimit(RLIMIT_NOFILE, &plan.descriptor_limit) == 0) {
    plan.descriptor_limit.rlim_cur =
        std::min(what.descriptor_limit, plan.descriptor_limit.rlim_max);
  }

  alignas(16) std::array<char, 32 * 1024> stack;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t const pid = GATEHOUSE_CLONE(run_child, stack.data() + stack.size(),
                                    CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
  int const clone_failure = pid < 0 ? errno : 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  if (clone_failure != 0) {
    ec.assign(clone_failure, boost::system::system_category());
    return -1;
  }
  if (plan.failure != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    ::close(pidfd);
    ec.assign(plan.failure, boost::system::system_category());
    return -1;
  }
  ec.clear();
  return pid;
}

launcher::launcher(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

launcher::~launcher() {
  {
    std::lock_guard const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

base::task<base::result<process>> launcher::start(base::executor ex, program what) {
  // Shared by the waiting coroutine and the job, whichever ends last.
  struct handover {
    handover(base::executor e, program p) : done(e), what(std::move(p)) {}
    base::event done;
    program what;
    pid_t pid = -1;
    int pidfd = -1;
    base::error_code ec;
  };
  auto const shared = std::make_shared<handover>(ex, std::move(what));
  {
    std::lock_guard const lock(mutex_);
    jobs_.emplace_back([this, ex, shared] {
      shared->pid = vfork_launcher::start(shared->what, shared->pidfd, shared->ec);
      if (!shared->ec) note(shared->pid);
      boost::asio::post(ex, [shared] { shared->done.set(); });
    });
  }
  wake_.notify_one();
  while (!shared->done.happened()) co_await shared->done.wait();  // a start cannot be cancelled
  if (shared->ec) co_return shared->ec;
  co_return process(ex, shared->pid, shared->pidfd);
}

void launcher::ended(pid_t pid) {
  std::lock_guard const lock(mutex_);
  running_.erase(pid);
}

std::size_t launcher::running() const {
  std::lock_guard const lock(mutex_);
  return running_.size();
}

void launcher::signal_all(int signal) const {
  std::lock_guard const lock(mutex_);
  for (pid_t const pid : running_) ::kill(-pid, signal);
}

void launcher::note(pid_t pid) {
  std::lock_guard const lock(mutex_);
  running_.insert(pid);
}

void launcher::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    job const next = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    next();
    lock.lock();
  }
}

}  // namespace gatehouse::process
