#include "gatehouse/process/pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace gatehouse::process {

base::result<pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::last_error();
  return pipe{base::unique_fd(ends[0]), base::unique_fd(ends[1])};
}

}  // namespace gatehouse::process
