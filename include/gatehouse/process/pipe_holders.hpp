#pragma once
// Which processes can still write to a pipe: for the log, when a script has ended and its output
// has not.

#include <sys/types.h>

#include <string>
#include <vector>

#include "gatehouse/base/task.hpp"

namespace gatehouse::process {

struct pipe_holder {
  pid_t pid;
  std::string name;  // of its program, as in /proc/PID/comm
};

// The first limits::pipe_holders other processes that have the pipe open for writing, whose end for
// reading this is, as far as /proc lets us see that. Looks at every process of the system, a few at
// a turn of the loop, and suspends in between. ex: this thread's.
base::task<std::vector<pipe_holder>> holders_of(base::executor ex, int end);

// "sleep[17], cat[18]"; "another process" for none.
std::string holders_text(std::vector<pipe_holder> const& holders);

}  // namespace gatehouse::process
