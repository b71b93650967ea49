#include "gatehouse/base/exit_text.hpp"

#include <doctest/doctest.h>
#include <signal.h>

using gatehouse::base::exit_text;

TEST_CASE("the end of a process is put in words") {
  CHECK(exit_text(0) == "exited with status 0");
  CHECK(exit_text(1 << 8) == "exited with status 1");
  CHECK(exit_text(SIGSEGV) == "was killed by signal 11 (segmentation fault)");
  CHECK(exit_text(SIGKILL) == "was killed by signal 9 (killed)");
  CHECK(exit_text(-1) == "ended in a way that the system did not tell");
  CHECK(exit_text(SIGSEGV | 0x80) == "was killed by signal 11 (segmentation fault)");
}
