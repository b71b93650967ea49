#pragma once
// A program's standard input, output and error as pipes to the server.

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::process {

// The server's ends. All block, and are close-on-exec.
struct standard_streams {
  base::unique_fd input;  // none if the program's is not a pipe
  base::unique_fd output;
  base::unique_fd error;
};

// Whether the server writes a program's standard input; otherwise that stays what it is.
enum class is_fed : bool {};

// Makes the pipes and gives the program its ends. Errors: EMFILE, ENFILE; the program may have some
// of its ends then.
base::result<standard_streams> connect(program& what, is_fed fed);

}  // namespace gatehouse::process
