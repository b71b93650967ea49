#pragma once
// Starts programs. vfork semantics: the cost does not grow with the server's memory, nor with the
// number of its connections, and the errno of a failed exec comes back by a plain variable. The
// thread that starts a program stands still until the exec is done, so programs are started on
// threads of the launcher's own and the event loops go on.

#include <sys/resource.h>

#include <array>
#include <boost/asio/detail/throw_error.hpp>  // the next one uses it without including it
#include <boost/process/v2/process.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/recency.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/process/containment.hpp"

namespace gatehouse::process {

// Everything a program starts with. The descriptors become its 0, 1 and 2; it has no others.
struct program {
  std::string path;                      // absolute
  std::vector<std::string> arguments;    // with argv[0]
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // its working directory
  rlim_t descriptor_limit = 0;           // its soft RLIMIT_NOFILE; 0: as the server's
  std::string script;                    // what path is to read, or is; may be a link
  // Null: by nothing. Shared with the configuration, which may be replaced while the program runs.
  std::shared_ptr<containment const> held_by{};
  base::unique_fd standard_input;  // any of the three may be none: /dev/null, for reading
  base::unique_fd standard_output;
  base::unique_fd standard_error;
};

// A launcher in the sense of Boost.Process v2: called with an executor and a program it gives a
// process. Own process group, default signal dispositions, empty signal mask. The program's
// descriptors stay the caller's. For one thread at a time.
//
// A program shares the server's descriptor table until it has left it with a copy of its low end;
// what it is to keep lies there, on numbers reserved for that. So those have to be low: this is to
// be made before there are many descriptors, and when the server's signal handlers are in place.
class vfork_launcher {
 public:
  // Throws if there are no descriptors to reserve.
  vfork_launcher();

  template <class Executor>
  boost::process::v2::basic_process<Executor> operator()(Executor ex, base::error_code& ec,
                                                         program const& what) {
    int pidfd = -1;
    auto const pid = start(what, &pidfd);
    ec = pid.has_error() ? pid.error() : base::error_code{};
    if (ec) return boost::process::v2::basic_process<Executor>(std::move(ex));
    return boost::process::v2::basic_process<Executor>(std::move(ex), *pid, pidfd);
  }

  // The pid, or errno of dup3, clone, close_range, chdir or exec, of what holds the program (for a
  // sandbox, filter_this_thread() has been called), or of making its sandbox. pidfd: where to put a
  // pidfd (close-on-exec), if one is wanted.
  base::result<pid_t> start(program const& what, int* pidfd = nullptr);

 private:
  base::error_code lend(program const& what);
  void take_back(program const& what);

  base::unique_fd null_;                  // on every slot while nothing is lent
  std::array<base::unique_fd, 3> slots_;  // where a program finds its 0, 1 and 2
  std::vector<int> signals_;              // not at their default in the server
};

// A program on its way: being started by a thread of the launcher's.
class launch {
 public:
  // Suspends until the program runs or could not be started; gives its pid or why not. For the
  // thread of the executor that it was begun with. Cannot be cancelled; may be asked again.
  base::task<base::result<pid_t>> outcome();

 private:
  friend class launcher;
  struct state;
  explicit launch(std::shared_ptr<state> s) : state_(std::move(s)) {}
  std::shared_ptr<state> state_;  // shared with the thread that starts the program
};

// How many programs are started at a time. Several fill the processors while each start waits for
// something; but then the threads that serve connections get their turn late.
struct pace {
  unsigned alone = 1;
  unsigned beside_others = 1;             // while others are served; at most as many
  base::recency const* others = nullptr;  // when others were served last; null: never

  unsigned now() const;
};

// The threads that start programs, and the pids of all that run. Thread-safe.
class launcher {
 public:
  // Throws as vfork_launcher does. The recency and the sandbox outlive the launcher. sandbox: of
  // programs that are held by one; null: there are none.
  explicit launcher(pace how_fast, sandbox const* boxed = nullptr);
  launcher(launcher const&) = delete;
  launcher& operator=(launcher const&) = delete;
  ~launcher();

  // Has a program started. Does not suspend, and nobody is woken when it is done, unless somebody
  // then waits for the outcome: most scripts announce themselves by what they print. A program that
  // cannot be started closes its ends of the pipes, as one that has ended would.
  launch begin(base::executor ex, program what);

  // Which programs run. Whoever reaps one says so.
  void ended(pid_t pid);
  std::size_t running() const;

  // Sends a signal to the process group of every program that runs.
  void signal_all(int signal) const;

 private:
  void work(vfork_launcher& with);
  base::result<pid_t> start(program const& what, vfork_launcher& with,
                            base::error_code const& unfiltered) const;
  void settle(std::shared_ptr<launch::state> const& order, base::result<pid_t> outcome);
  static void wake_up(std::shared_ptr<launch::state> const& order);
  void note(pid_t pid);
  bool may_start() const { return !orders_.empty() && starting_ < pace_.now(); }

  pace pace_;
  sandbox const* sandbox_;
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
