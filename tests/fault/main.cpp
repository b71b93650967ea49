// The cases of the server under faults.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/prctl.h>

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  // What a server leaves behind becomes a child of this program and is seen.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  return doctest::Context(argc, argv).run();
}
