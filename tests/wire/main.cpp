// The wire cases, or, when the server runs this program as a script, the part it is to play.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/prctl.h>

#include <string_view>

#include "plays.hpp"

int main(int argc, char** argv) {
  std::string_view const first = argc > 2 ? argv[1] : "";
  constexpr std::string_view play_option = "--play=";
  if (first.starts_with(play_option)) {
    return wire::play(first.substr(play_option.size()), argc - 3, argv + 3);
  }
  // Like a careless parent: the server inherits both, and its scripts must not.
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  // What a server leaves behind becomes a child of this program and is seen.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  return doctest::Context(argc, argv).run();
}
