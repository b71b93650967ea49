#include "gatehouse/process/child_process.hpp"

#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace gatehouse::process {
namespace {

constexpr auto group_poll_interval = std::chrono::milliseconds(50);

}  // namespace

struct child_process::state {
  state(base::executor ex, process p, launcher& f, std::chrono::steady_clock::duration g)
      : running(std::move(p)), pid(running.id()), from(f), grace(g), ended(ex), pause(ex) {}

  // Gives false when the group has no process left.
  bool signal_group(int signal) const { return ::kill(-pid, signal) == 0; }

  process running;
  pid_t pid;
  launcher& from;
  std::chrono::steady_clock::duration grace;
  base::event ended;
  base::timer pause;
  std::optional<int> status;
  std::function<void()> action;
  bool stopping = false;
  bool let_go = false;
};

child_process::child_process(base::executor ex, process started, launcher& from,
                             std::chrono::steady_clock::duration grace)
    : state_(std::make_shared<state>(ex, std::move(started), from, grace)) {
  boost::asio::co_spawn(ex, supervise(state_), boost::asio::detached);
}

child_process::~child_process() {
  if (!state_) return;
  state_->action = nullptr;
  if (!state_->let_go) stop();
}

pid_t child_process::pid() const {
  return state_->pid;
}

std::optional<int> child_process::status() const {
  return state_->status;
}

base::task<bool> child_process::ended_within(std::chrono::steady_clock::duration limit) {
  return state_->ended.wait_for(limit);
}

void child_process::when_ended(std::function<void()> action) {
  state_->action = std::move(action);
}

void child_process::stop() {
  if (state_->status || std::exchange(state_->stopping, true)) return;
  state_->signal_group(SIGTERM);
  boost::asio::co_spawn(state_->pause.get_executor(), see_group_off(state_), boost::asio::detached);
}

void child_process::let_go() {
  state_->let_go = true;
}

base::task<void> child_process::supervise(std::shared_ptr<state> s) {
  auto const [ec, code] = co_await s->running.async_wait(base::as_result);
  s->status = ec ? 0 : s->running.native_exit_code();
  static_cast<void>(s->running.detach());  // reaped: its pid may now belong to another process
  s->from.ended(s->pid);
  s->ended.set();
  if (auto const action = std::exchange(s->action, nullptr)) action();
}

// After TERM: KILL for what is left of the group when the grace period is over. As long as one
// process is left, also after the leader, the group's number is not given to another; it is looked
// at often enough that a number given anew in between would need all pids to be used up within one
// interval.
base::task<void> child_process::see_group_off(std::shared_ptr<state> s) {
  auto const until = std::chrono::steady_clock::now() + s->grace;
  while (std::chrono::steady_clock::now() < until) {
    s->pause.expires_after(group_poll_interval);
    co_await s->pause.async_wait(base::as_result);
    if (!s->signal_group(0)) co_return;
  }
  s->signal_group(SIGKILL);
}

}  // namespace gatehouse::process
