#pragma once
// A running program and its process group, with one owner. Waiting, stopping and reaping go on in
// the background, so that the owner can be dropped at any time: nothing blocks and no zombie is
// left.

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>

#include "gatehouse/base/event.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::process {

class child_process {
 public:
  // grace: how long the group has between TERM and KILL. The launcher outlives the program.
  child_process(base::executor ex, process started, launcher& from,
                std::chrono::steady_clock::duration grace);
  child_process(child_process&&) noexcept = default;
  child_process& operator=(child_process&&) = delete;
  // Stops the group unless the program has ended or was let go.
  ~child_process();

  pid_t pid() const;

  // How it ended, as from wait(2); nothing while it runs.
  std::optional<int> status() const;

  // Suspends until it has ended, for at most `limit`; gives whether it has.
  base::task<bool> ended_within(std::chrono::steady_clock::duration limit);

  // Suspends until it has ended.
  base::task<void> ended();

  // Calls action once when it has ended, now if it already has; replaces an earlier action. Not
  // called after the destructor.
  void when_ended(std::function<void()> action);

  // Asks the whole group to end: TERM, and KILL after the grace period. Does not suspend.
  void stop();

  // Lets it run to its end without an owner; it is reaped all the same.
  void let_go();

 private:
  struct state;
  static base::task<void> supervise(std::shared_ptr<state> s);
  static base::task<void> see_group_off(std::shared_ptr<state> s);
  std::shared_ptr<state>
      state_;  // shared with the supervising coroutine, which lives as long as the program
};

}  // namespace gatehouse::process
