#pragma once
// Children of the server that its launcher did not start. The first process of a container is given
// every orphan in it, and a script can make a process that is its sibling (clone(2),
// CLONE_PARENT). Nobody else can reap them, and unreaped ones take up process ids until none is
// left.

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "gatehouse/base/task.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::process {

class adopted_children {
 public:
  // Blocks SIGCHLD for this thread and for those that it starts from then on. It has to be blocked
  // on all threads of the process: to be made before the others. Throws if there is no descriptor.
  explicit adopted_children(base::executor ex);
  adopted_children(adopted_children const&) = delete;
  adopted_children& operator=(adopted_children const&) = delete;

  // Reaps every adopted child soon after its end, and leaves alone what `from` starts. Suspends
  // until the executor's context stops. from: outlives it.
  base::task<void> reap(launcher& from);

 private:
  void take_signal();
  boost::asio::posix::basic_stream_descriptor<base::executor> signals_;  // signalfd(2), of SIGCHLD
};

}  // namespace gatehouse::process
