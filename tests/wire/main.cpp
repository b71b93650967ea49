// The wire cases, or, when the server runs this program as a script, the part it is to play.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "plays.hpp"

namespace {

// The cases begin alike whatever started this program. What a server makes of the state that it
// inherits is a case of its own, see life_cycle.
void forget_what_was_inherited() {
  for (int number = 1; number <= SIGRTMAX; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
  while (::open("/dev/null", O_RDWR) < 2) {
  }
  ::close_range(3, ~0U, 0);
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;  // a crowd of clients needs them
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view const first = argc > 2 ? argv[1] : "";
  constexpr std::string_view play_option = "--play=";
  if (first.starts_with(play_option)) {
    return wire::play(first.substr(play_option.size()), argc - 3, argv + 3);
  }
  forget_what_was_inherited();
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
