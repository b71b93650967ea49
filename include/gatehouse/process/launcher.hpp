#pragma once
// Starts programs. vfork semantics: the cost does not grow with the server's memory, and the errno
// of a failed exec comes back by a plain variable. The thread that starts a program stands still
// until the exec is done, so programs are started on threads of the launcher's own and the event
// loops go on.

#include <sys/resource.h>

#include <boost/asio/detail/throw_error.hpp>  // the next one uses it without including it
#include <boost/process/v2/process.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

using process = boost::process::v2::basic_process<base::executor>;

// Everything a program starts with. The descriptors become its 0, 1 and 2; it has no others.
struct program {
  std::string path;                      // absolute
  std::vector<std::string> arguments;    // with argv[0]
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // its working directory
  rlim_t descriptor_limit = 0;           // its soft RLIMIT_NOFILE; 0: as the server's
  base::unique_fd standard_input;
  base::unique_fd standard_output;
  base::unique_fd standard_error;
};

// A launcher in the sense of Boost.Process v2: called with an executor and a program it gives a
// process. Own process group, default signal dispositions, empty signal mask. The program's
// descriptors stay the caller's.
struct vfork_launcher {
  template <class Executor>
  boost::process::v2::basic_process<Executor> operator()(Executor ex, base::error_code& ec,
                                                         program const& what) const {
    int pidfd = -1;
    pid_t const pid = start(what, pidfd, ec);
    if (ec) return boost::process::v2::basic_process<Executor>(std::move(ex));
    return boost::process::v2::basic_process<Executor>(std::move(ex), pid, pidfd);
  }

  // The pid and its pidfd (close-on-exec), or ec: errno of clone, chdir or exec.
  static pid_t start(program const& what, int& pidfd, base::error_code& ec);
};

// The threads that start programs, and the pids of all that run. Thread-safe.
class launcher {
 public:
  explicit launcher(unsigned threads);
  launcher(launcher const&) = delete;
  launcher& operator=(launcher const&) = delete;
  ~launcher();

  // Suspends until the program runs or could not be started. The process belongs to ex, the
  // executor that the caller runs on.
  base::task<base::result<process>> start(base::executor ex, program what);

  // Which programs run. Whoever reaps one says so.
  void ended(pid_t pid);
  std::size_t running() const;

  // Sends a signal to the process group of every program that runs.
  void signal_all(int signal) const;

 private:
  using job = std::function<void()>;
  void work();
  void note(pid_t pid);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<job> jobs_;
  std::set<pid_t> running_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gatehouse::process
