#include "gatehouse/commands/browser.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cstdlib>

namespace gatehouse::commands {
namespace {

bool is_set(char const* name) {
  char const* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

// What a program that is started by hand would begin with: no signal blocked or ignored.
void begin_afresh(posix_spawnattr_t& how) {
  sigset_t none;
  ::sigemptyset(&none);
  sigset_t ignored_here;
  ::sigemptyset(&ignored_here);
  ::sigaddset(&ignored_here, SIGPIPE);
  ::posix_spawnattr_setsigmask(&how, &none);
  ::posix_spawnattr_setsigdefault(&how, &ignored_here);
  ::posix_spawnattr_setflags(&how,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

}  // namespace

bool has_desktop() {
  return ::isatty(STDERR_FILENO) == 1 && (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"));
}

bool open_browser(std::string const& url) {
  posix_spawn_file_actions_t streams;
  posix_spawnattr_t how;
  ::posix_spawn_file_actions_init(&streams);
  ::posix_spawnattr_init(&how);
  ::posix_spawn_file_actions_addopen(&streams, 0, "/dev/null", O_RDONLY, 0);
  for (int const out : {1, 2})
    ::posix_spawn_file_actions_addopen(&streams, out, "/dev/null", O_WRONLY, 0);
  begin_afresh(how);
  std::string program = "xdg-open";
  std::string argument = url;
  char* const arguments[] = {program.data(), argument.data(), nullptr};
  pid_t pid = -1;
  bool const started =
      ::posix_spawnp(&pid, program.c_str(), &streams, &how, arguments, environ) == 0;
  ::posix_spawnattr_destroy(&how);
  ::posix_spawn_file_actions_destroy(&streams);
  return started;
}

}  // namespace gatehouse::commands
