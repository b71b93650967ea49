#pragma once
// Starts a program. vfork semantics: the cost does not grow with the server's memory, nor with the
// number of its connections, and the errno of a failed exec comes back by a plain variable. The
// thread that starts a program stands still until the exec is done.

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <boost/asio/detail/throw_error.hpp>  // the next one uses it without including it
#include <boost/process/v2/process.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/process/containment.hpp"

namespace gatehouse::process {

class templates;

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
  std::shared_ptr<templates> warm{};  // starts it by fork if that can be; null: never
  // The kernel kills it (SIGKILL) when the thread that started it ends, and so when the server
  // does, however that ends. This does not reach what it forks, nor a program that gains
  // privileges.
  bool ends_with_server = false;
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
  // group_key: of the system_call_filter that its thread is under; 0: none. Throws if there are no
  // descriptors to reserve.
  explicit vfork_launcher(std::uint64_t group_key = 0);

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
  // sandbox, the thread is under a system_call_filter), or of making its sandbox. pidfd: where to
  // put a pidfd (close-on-exec), if one is wanted.
  base::result<pid_t> start(program const& what, int* pidfd = nullptr);

  // The child of the latest start(), from before its first instruction until forget_child(); 0:
  // none. Any thread may ask.
  pid_t child() const { return child_; }
  void forget_child() { child_ = 0; }

  // The same for a child that a template forks for this thread. Before it tells its pid, every
  // child of ours that nobody knows may be it.
  static constexpr pid_t unknown_child = -1;
  void expect_child(pid_t pid = unknown_child) { child_ = pid; }

 private:
  base::error_code fill_slots(program const& what);
  void clear_slots(program const& what);

  base::unique_fd null_;                  // on every slot that no program uses
  std::array<base::unique_fd, 3> slots_;  // where a program finds its 0, 1 and 2
  std::vector<int> signals_;              // not at their default in the server
  std::uint64_t group_key_;
  std::atomic<pid_t> child_ = 0;
};

}  // namespace gatehouse::process
