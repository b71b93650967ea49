#include "gatehouse/process/adopted_children.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::process {
namespace {

sigset_t child_signal() {
  sigset_t out;
  ::sigemptyset(&out);
  ::sigaddset(&out, SIGCHLD);
  return out;
}

// The kernel keeps a blocked SIGCHLD for the descriptor, although its default action is to be
// ignored.
int blocked_and_open() {
  auto const signal = child_signal();
  ::pthread_sigmask(SIG_BLOCK, &signal, nullptr);
  int const fd = ::signalfd(-1, &signal, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "signalfd");
  return fd;
}

}  // namespace

adopted_children::adopted_children(base::executor ex) : signals_(ex, blocked_and_open()) {}

// A signal says that children have ended since the last one was taken, but not which ones. Most of
// them are the launcher's own, so this looks at most once a second: that costs the same however
// many scripts run, and nothing when none does.
base::task<void> adopted_children::reap(launcher& from) {
  base::timer pause(signals_.get_executor());
  while (true) {
    auto const [ec] = co_await signals_.async_wait(signals_.wait_read, base::as_result);
    if (ec) co_return;
    take_signal();
    while (!from.reap_adopted()) {
      pause.expires_after(base::limits::process_look_interval);
      co_await pause.async_wait(base::as_result);
    }
    pause.expires_after(base::limits::adopted_look_interval);
    co_await pause.async_wait(base::as_result);
  }
}

void adopted_children::take_signal() {
  signalfd_siginfo taken{};
  while (::read(signals_.native_handle(), &taken, sizeof taken) > 0) {
  }
}

}  // namespace gatehouse::process
