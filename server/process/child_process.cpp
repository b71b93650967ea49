#include "gatehouse/process/child_process.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <exception>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/base/program_text.hpp"

namespace gatehouse::process {
namespace {

using descriptor = boost::asio::posix::basic_stream_descriptor<base::executor>;

// A pidfd for a program that nobody has reaped yet. It is not open if the process has no descriptor
// left.
descriptor pidfd_of(pid_t pid, base::executor ex) {
  descriptor pidfd(ex);
  base::unique_fd opened(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!opened) return pidfd;
  base::error_code ec;
  pidfd.assign(opened.get(), ec);
  if (!ec) static_cast<void>(opened.release());
  return pidfd;
}

}  // namespace

struct child_process::state {
  state(base::executor ex, pid_t p, launcher& f, std::string_view name,
        std::chrono::steady_clock::duration g)
      : pid(p), log_name(base::program_text(name, p)), from(f), grace(g), ended(ex), pause(ex) {}

  // Gives false when the group has no process left.
  bool signal_group(int signal) const { return ::kill(-pid, signal) == 0; }

  pid_t pid;
  std::string const log_name;
  launcher& from;
  std::chrono::steady_clock::duration grace;
  base::event ended;
  base::timer pause;
  std::optional<int> status;
  rusage used{};
  std::function<void()> action;
  bool watched = false;
  bool stopping = false;
  bool let_go = false;
  bool kills_rest = false;
  bool rest_kept = false;   // what it left of its group, after its end
  int times_destroyed = 0;  // of its coroutines
};

// Starts a coroutine again that was destroyed for lack of memory, because what it does has to be
// done.
class child_process::restarter {
 public:
  using routine = base::task<void> (*)(std::shared_ptr<state>);
  restarter(routine what, std::shared_ptr<state> of) : what_(what), of_(std::move(of)) {}
  restarter(restarter&&) noexcept = default;
  restarter(restarter const&) = delete;
  restarter& operator=(restarter const&) = delete;
  ~restarter() {
    if (of_) restart();
  }
  void operator()(std::exception_ptr const& failure) {
    if (failure) return restart();
    of_.reset();
  }

  static void begin(routine what, std::shared_ptr<state> const& of) noexcept try {
    restarter handler(what, of);
    boost::asio::co_spawn(of->pause.get_executor(), what(of), std::move(handler));
  } catch (std::exception const&) {
    // The destructor of `handler` has started the coroutine again.
  }

 private:
  void restart() noexcept {
    auto const of = std::exchange(of_, nullptr);
    if (++of->times_destroyed < base::limits::lost_waits) begin(what_, of);
  }

  routine what_;
  std::shared_ptr<state> of_;
};

child_process::child_process(base::executor ex, pid_t pid, launcher& from, std::string_view name,
                             std::chrono::steady_clock::duration grace)
    : state_(std::make_shared<state>(ex, pid, from, name, grace)) {}

child_process::~child_process() {
  if (!state_) return;
  state_->action = nullptr;
  if (state_->let_go) {
    watch();
  } else {
    stop();
  }
}

pid_t child_process::pid() const {
  return state_->pid;
}

std::string const& child_process::log_name() const {
  return state_->log_name;
}

std::optional<int> child_process::status() const {
  return state_->status;
}

rusage const& child_process::used() const {
  return state_->used;
}

bool child_process::has_ended() {
  return reap_if_ended(state_);
}

void child_process::watch() {
  if (std::exchange(state_->watched, true) || reap_if_ended(state_)) return;
  restarter::begin(supervise, state_);
}

base::task<bool> child_process::ended_within(std::chrono::steady_clock::duration limit) {
  auto const s = state_;
  watch();
  bool const in_time = co_await s->ended.wait_for(limit);
  co_return in_time;
}

base::task<void> child_process::ended() {
  auto const s = state_;
  watch();
  while (!s->status) co_await s->ended.wait();
}

void child_process::when_ended(std::function<void()> action) {
  if (state_->status) return action();
  state_->action = std::move(action);
}

void child_process::kill_rest_at_end() {
  state_->kills_rest = true;
}

void child_process::keep_rest() {
  state_->rest_kept = state_->signal_group(0);
  if (state_->rest_kept) restarter::begin(watch_rest, state_);
}

void child_process::release_rest() {
  if (state_->rest_kept) release_rest(*state_);
}

void child_process::stop() {
  if (state_->stopping || (reap_if_ended(state_) && !state_->rest_kept)) return;
  state_->stopping = true;
  state_->signal_group(SIGTERM);
  watch();
  restarter::begin(kill_after_grace, state_);
}

void child_process::let_go() {
  state_->let_go = true;
}

// Returns whether it has ended, and reaps it.
bool child_process::reap_if_ended(std::shared_ptr<state> of) {
  state& s = *of;
  if (s.status) return true;
  int how = 0;
  rusage used{};
  pid_t const told = ::wait4(s.pid, &how, WNOHANG, &used);
  auto const failure = told < 0 ? base::last_error() : base::error_code{};
  // If the program has made us its tracer (ptrace(2), PTRACE_TRACEME), wait4 also reports its
  // stops.
  if (!failure && (told == 0 || WIFSTOPPED(how))) return false;
  if (failure) {
    base::log::error(
        "script-status-unknown",
        s.log_name + " has ended, and the system does not tell how: " + failure.message());
  }
  // It has been reaped, so from now on its pid may belong to another process.
  s.status = failure ? unknown_status : how;
  s.used = used;
  s.ended.set();
  if (auto const action = std::exchange(s.action, nullptr)) action();
  if (!s.rest_kept) release_rest(s);
  return true;
}

// A server that stops waits for every program that the launcher counts, and so for groups that are
// kept or being stopped.
void child_process::release_rest(state& s) {
  s.rest_kept = false;
  if (s.kills_rest) kill_rest(s);
  if (!s.stopping) s.from.ended(s.pid);
}

// The system does not reuse the number of a group while a process is left in it. After that, all
// pids would have to be used up within one interval before another group could get the number, so
// it is safe to signal the group as long as this checks it so often.
base::task<void> child_process::watch_rest(std::shared_ptr<state> s) {
  base::timer pause(s->pause.get_executor());
  while (s->rest_kept && !s->stopping) {
    if (!s->signal_group(0)) {
      release_rest(*s);
      break;
    }
    pause.expires_after(base::limits::process_look_interval);
    co_await pause.async_wait(base::as_result);
  }
}

// The system does not reuse the number of a group while a process is left in it. If none is left,
// the number would have to be reused in the moment since the leader was reaped.
void child_process::kill_rest(state const& s) {
  if (!s.signal_group(SIGKILL)) return;
  base::log::write_about(base::log::level::warn, "script-left-processes", s.log_name,
                         "has ended and left processes running; they were killed");
}

// A wake-up need not mean the end. When Asio has fetched an event for a descriptor that was closed
// meanwhile, it gives the event to the descriptor that took its place.
base::task<void> child_process::supervise(std::shared_ptr<state> s) {
  auto const ex = s->pause.get_executor();
  base::timer pause(ex);
  auto pidfd = pidfd_of(s->pid, ex);
  do {
    if (pidfd.is_open()) {
      co_await pidfd.async_wait(descriptor::wait_read, base::as_result);
    } else {
      pause.expires_after(base::limits::process_look_interval);
      co_await pause.async_wait(base::as_result);
    }
  } while (!reap_if_ended(s));
}

// Runs after TERM: when the grace period is over, it kills what is left of the group, also without
// the leader. Why the group's number is still its own then, see watch_rest().
base::task<void> child_process::kill_after_grace(std::shared_ptr<state> s) {
  auto const until = std::chrono::steady_clock::now() + s->grace;
  bool any_left = true;
  while (any_left && std::chrono::steady_clock::now() < until) {
    s->pause.expires_after(base::limits::process_look_interval);
    co_await s->pause.async_wait(base::as_result);
    any_left = s->signal_group(0);
  }
  if (any_left && s->signal_group(SIGKILL)) {
    auto const grace = std::chrono::duration_cast<std::chrono::milliseconds>(s->grace).count();
    base::log::warn("script-killed", s->log_name + " or what it started did not end within " +
                                         std::to_string(grace) + " ms of TERM; it was killed");
  }
  while (!s->status) co_await s->ended.wait();
  // Not before, because a server that stops waits for what is still to be killed.
  s->from.ended(s->pid);
}

}  // namespace gatehouse::process
