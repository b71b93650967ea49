// The program: a command is run; else options in, a server out, and one line on standard output
// when it is ready.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <exception>
#include <iostream>

#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/app/serve.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/commands/commands.hpp"
#include "gatehouse/config/directories.hpp"
#include "gatehouse/config/options.hpp"

namespace {

using namespace gatehouse;

constexpr int usage_status = 2;
constexpr int start_status = 1;

// A closed 0, 1 or 2 would be given to the first socket or pipe.
void open_standard_descriptors() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd < 2) fd = ::dup(fd);
  if (fd > 2) ::close(fd);
}

// Whoever started us may have blocked signals: those that end the server would never reach it. With
// SIGCHLD ignored the system would keep no status of our children (wait(2)).
void reset_signals() {
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int fail(std::string const& line, int status) {
  std::cerr << line << std::endl;
  return status;
}

// What the command line and its config file say now; the directories are looked up.
std::variant<config::options, config::usage_error> read_options(int argc, char const* const* argv) {
  auto parsed = config::parse_options(argc, argv, app::registered_syntaxes());
  if (auto const* const error = std::get_if<config::usage_error>(&parsed)) return *error;
  return config::resolve_directories(std::get<config::options>(std::move(parsed)));
}

}  // namespace

int main(int argc, char** argv) try {
  open_standard_descriptors();
  reset_signals();
  if (auto const status = commands::run_command(argc, argv)) return *status;
  auto parsed = config::parse_options(argc, argv, app::registered_syntaxes());
  if (auto const* const text = std::get_if<config::help>(&parsed))
    return std::cout << text->text, 0;
  if (auto const* const text = std::get_if<config::version>(&parsed))
    return std::cout << text->text, 0;
  if (auto const* const error = std::get_if<config::usage_error>(&parsed))
    return fail(error->line, usage_status);
  base::log::set_level(std::get<config::options>(parsed).server.log_level);
  auto resolved = config::resolve_directories(std::get<config::options>(std::move(parsed)));
  if (auto const* const error = std::get_if<config::usage_error>(&resolved))
    return fail(error->line, usage_status);
  return app::serve(std::get<config::options>(std::move(resolved)),
                    [argc, argv] { return read_options(argc, argv); });
} catch (std::exception const& e) {
  return fail(std::string("gatehouse: ") + e.what(), start_status);
}
