#pragma once
// A pipe between the server and a script. Both ends are close-on-exec.

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

struct pipe {
  base::unique_fd read;
  base::unique_fd write;
};

// Errors are the system's (EMFILE, ENFILE).
base::result<pipe> make_pipe();

}  // namespace gatehouse::process
