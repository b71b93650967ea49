#pragma once
// A running program and its process group, with one owner. Waiting, stopping and reaping go on in
// the background, so that the owner can be dropped at any time: nothing blocks and no zombie is
// left. Most scripts are so short that their end needs no watching: it is there when it is asked
// for. Watching begins with watch(), and with whatever depends on it.

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/event.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::process {

// The status of a program whose end the system does not tell, because somebody else has reaped it.
// It is neither an exit nor a signal.
inline constexpr int unknown_status = -1;

class child_process {
 public:
  // pid: of a program that `from` started and nobody reaps but this. name: what the log calls the
  // program. grace: how long the group has between TERM and KILL. The launcher outlives the
  // program.
  child_process(base::executor ex, pid_t pid, launcher& from, std::string_view name,
                std::chrono::steady_clock::duration grace);
  child_process(child_process&&) noexcept = default;
  child_process& operator=(child_process&&) = delete;
  // Stops the group unless the program has ended or was let go.
  ~child_process();

  pid_t pid() const;

  // The program and its process, for a line of the log: "/cgi-bin/x[123]".
  std::string const& log_name() const;

  // How it ended, as from wait(2), or unknown_status; nothing as long as its end was not noticed.
  std::optional<int> status() const;

  // What it and the children that it waited for used; all zero as long as its end was not noticed.
  rusage const& used() const;

  // Whether it has ended: looks now, and does not suspend.
  bool has_ended();

  // From now on its end is noticed as soon as it comes. Does not suspend.
  void watch();

  // Suspends until it has ended, for at most `limit`; gives whether it has.
  base::task<bool> ended_within(std::chrono::steady_clock::duration limit);

  // Suspends until it has ended.
  base::task<void> ended();

  // Calls action once when its end is noticed, now if it already was; replaces an earlier action.
  // Not called after the destructor.
  void when_ended(std::function<void()> action);

  // From now on, what the program leaves of its group when it ends is killed at once, or when it is
  // let go by release_rest(). (Else it goes on: a script may start what outlives it.)
  void kill_rest_at_end();

  // For the action of when_ended(): what the program left of its group still works for it. It is
  // kept in view, so that stop() reaches it, until release_rest() or until nothing is left of it.
  void keep_rest();

  // What is left of the group works for nobody any more.
  void release_rest();

  // Asks the whole group to end: TERM, and KILL after the grace period. Does not suspend.
  void stop();

  // Lets it run to its end without an owner; it is reaped all the same.
  void let_go();

 private:
  struct state;
  class restarter;
  static bool reap_if_ended(std::shared_ptr<state> of);
  static void kill_rest(state const& s);
  static void release_rest(state& s);
  static base::task<void> watch_rest(std::shared_ptr<state> s);
  static base::task<void> supervise(std::shared_ptr<state> s);
  static base::task<void> kill_after_grace(std::shared_ptr<state> s);
  std::shared_ptr<state>
      state_;  // shared with the supervising coroutine, which lives as long as the program
};

}  // namespace gatehouse::process
