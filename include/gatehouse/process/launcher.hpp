#pragma once
// Starts programs on threads of its own, so that the event loops go on meanwhile, and knows which
// run.

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/recency.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/process/system_call_filter.hpp"
#include "gatehouse/process/vfork_launcher.hpp"

namespace gatehouse::process {

// How a program that might have been forked by a template was started.
struct start_way {
  std::optional<std::chrono::microseconds> warm{};  // how long it took; unset: it was started cold
  std::string why_cold{};                           // in a few words for people
};

// A program that a thread of the launcher starts.
class launch {
 public:
  // Suspends until the program runs or could not be started, and returns its pid or the error. To
  // be awaited on the thread of the executor that was given to begin(). It cannot be cancelled, and
  // may be awaited again.
  base::task<base::result<pid_t>> outcome();

  // Of a program that has templates (program::warm); to be asked after the outcome.
  std::optional<start_way> way() const;

 private:
  friend class launcher;
  struct state;
  explicit launch(std::shared_ptr<state> s) : state_(std::move(s)) {}
  std::shared_ptr<state> state_;  // shared with the thread that starts the program
};

// How many programs are started at the same time. Several keep the processors busy while each start
// waits for something, but delay the threads that serve connections. So fewer are started while
// requests are served that need no program.
struct pace {
  unsigned alone = 1;
  unsigned beside_others = 1;             // while others are served; at most as many
  base::recency const* others = nullptr;  // when others were served last; null: never

  unsigned now() const;
};

// The threads that start programs, and the pids of all that run. Thread-safe.
class launcher {
 public:
  // Throws as vfork_launcher does. The recency outlives the launcher. filter: is installed on the
  // threads, and so for all programs. It has to be given if any program runs in a sandbox.
  explicit launcher(pace how_fast, std::optional<system_call_filter> filter = std::nullopt);
  launcher(launcher const&) = delete;
  launcher& operator=(launcher const&) = delete;
  ~launcher();

  // Has a program started. Does not suspend. Nobody is woken when the program runs unless somebody
  // waits for the outcome, because what a script prints tells the same. When a program cannot be
  // started, its ends of the pipes are closed, as when it has ended.
  launch begin(base::executor ex, program what);

  // To be called by whoever has reaped a program.
  void ended(pid_t pid);

  // How many programs run.
  std::size_t running() const;

  // Reaps the children of this process that have ended and were not started by this launcher.
  // Returns false if there may be more of them; then it is to be called again a little later.
  bool reap_adopted();

  // Sends a signal to the process group of every program that runs.
  void signal_all(int signal) const;

 private:
  void work(vfork_launcher& with);
  base::result<pid_t> start(launch::state& order, vfork_launcher& with,
                            base::error_code const& unfiltered) const;
  void settle(std::shared_ptr<launch::state> const& order, base::result<pid_t> outcome);
  static void wake_up(std::shared_ptr<launch::state> const& order);
  void add_running(pid_t pid);
  bool has_started(pid_t pid) const;
  bool may_start() const { return !orders_.empty() && starting_ < pace_.now(); }

  pace pace_;
  std::optional<system_call_filter> filter_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<launch::state>> orders_;
  std::vector<pid_t> running_;
  unsigned starting_ = 0;  // programs that a thread is starting now
  bool stopping_ = false;
  std::deque<vfork_launcher> starters_;  // one a thread; its address does not change
  std::vector<std::thread> threads_;
};

}  // namespace gatehouse::process
