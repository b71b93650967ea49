#include "gatehouse/remote/listening_program.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/process/order.hpp"
#include "gatehouse/process/pipe.hpp"

namespace gatehouse::remote {
namespace {

namespace limits = base::limits;
using process::start_outcome;
using process::start_refusal;

constexpr std::string_view log_code = "program-log";

upstream::endpoint endpoint_of(process::private_listener const& at, std::string const& text) {
  upstream::endpoint out{.size = sizeof at.address(), .text = text};
  std::memcpy(&out.storage, &at.address(), sizeof at.address());
  return out;
}

}  // namespace

listening_program::listening_program(process::child_process child, std::string path,
                                     std::shared_ptr<gateway::program_log> log,
                                     process::private_listener at, base::unique_fd first)
    : child_(std::move(child)),
      path_(std::move(path)),
      log_(std::move(log)),
      listener_(std::move(at)),
      application_(std::make_shared<upstream::application>(
          std::vector{endpoint_of(listener_, child_.log_name())})),
      first_(std::move(first)) {}

std::optional<int> listening_program::status() const {
  return ended_ ? std::optional<int>(status_) : std::nullopt;
}

// One request at a time, over a connection that is made for it or was kept.
std::vector<base::unique_fd> listening_program::take_sockets() {
  return std::vector<base::unique_fd>(1);
}

void listening_program::when_ended(std::function<void()> action) {
  child_.when_ended([this, action = std::move(action)] {
    note_end();
    action();
  });
}

// Some, php-cgi among them, end at TERM only when nothing is left to be read from.
void listening_program::retire() {
  child_.stop();
  first_.reset();
  application_->close_idle(std::nullopt);
}

// Whose connection is closed here was not heard, and has to know that before it is closed.
void listening_program::note_end() {
  status_ = child_.status().value_or(process::unknown_status);
  ended_ = true;
  auto const left = listener_.close();
  unheard_ = left.any_open;
}

void listening_program::use_from(base::executor const& ex) {
  void const* const here = &ex.context();
  auto const before = std::exchange(last_user_, here);
  if (before != nullptr && before != here) application_->close_idle(std::nullopt);
}

namespace {

class starter final : public process::program_starter {
 public:
  starter(base::executor ex, process::launcher& launcher, program_plan plan)
      : executor_(ex), launcher_(launcher), plan_(std::move(plan)) {}

  base::task<start_outcome> start() override;
  // One that is being started is not wanted any more.
  void close() override {
    closed_ = true;
    if (starting_ != nullptr) starting_->stop();
  }

 private:
  struct running {
    process::child_process child;
    std::shared_ptr<gateway::program_log> log;
  };
  base::task<base::result<running>> launch(int listening);
  base::task<std::string> await_accept(process::child_process& child, gateway::program_log& log,
                                       process::private_listener const& at);
  base::task<void> await_last_lines(gateway::program_log& log);
  std::string not_started(base::error_code const& why) const;

  base::executor executor_;
  process::launcher& launcher_;
  program_plan plan_;
  process::child_process* starting_ = nullptr;  // it has not accepted a connection yet
  bool closed_ = false;
};

base::task<start_outcome> starter::start() {
  auto at = process::private_listener::make();
  if (at.has_error())
    co_return start_refusal{"there is no socket for it: " + at.error().message() +
                            " (TMPDIR, else /tmp, has to be a directory to write in)"};
  auto first = at->connect();
  if (first.has_error())
    co_return start_refusal{"its socket cannot be connected to: " + first.error().message()};
  auto started = co_await launch(at->descriptor());
  if (started.has_error()) co_return start_refusal{not_started(started.error())};
  starting_ = &started->child;
  if (closed_) starting_->stop();
  auto wrong = co_await await_accept(started->child, *started->log, *at);
  starting_ = nullptr;
  if (!wrong.empty()) {
    started->child.stop();
    co_return start_refusal{std::move(wrong)};
  }
  co_return std::make_shared<listening_program>(std::move(started->child), plan_.path,
                                                std::move(started->log), std::move(*at),
                                                std::move(*first));
}

// What it prints goes to the log, whichever descriptor it prints it to: an answer goes over its
// connection.
base::task<base::result<starter::running>> starter::launch(int listening) {
  auto log = process::make_pipe();
  if (log.has_error()) co_return log.error();
  process::program what;
  what.path = plan_.path;
  what.arguments = {plan_.path};
  what.environment = plan_.environment;
  what.directory = plan_.directory;
  what.descriptor_limit = plan_.descriptor_limit;
  what.script = plan_.path;
  what.held_by = plan_.held_by;
  what.ends_with_server = true;
  what.standard_input.reset(::fcntl(listening, F_DUPFD_CLOEXEC, 3));
  what.standard_output.reset(::fcntl(log->write.get(), F_DUPFD_CLOEXEC, 3));
  what.standard_error = std::move(log->write);
  if (!what.standard_input || !what.standard_output) co_return base::last_error();
  auto lines = gateway::program_log::read(executor_, std::move(log->read), log_code, plan_.path);
  process::order ordered(executor_, launcher_, std::move(what), plan_.path, plan_.grace);
  auto child = co_await ordered.child();
  if (child.has_error()) co_return child.error();
  child->kill_rest_at_end();
  child->watch();
  lines->set_name(child->log_name());
  co_return running{std::move(*child), std::move(lines)};
}

// Suspends until it has accepted the connection that waits for it, which only its socket tells.
// Gives what is wrong if it does not.
base::task<std::string> starter::await_accept(process::child_process& child,
                                              gateway::program_log& log,
                                              process::private_listener const& at) {
  auto const until = std::chrono::steady_clock::now() + limits::kept_start_time;
  std::chrono::steady_clock::duration pause = limits::kept_first_look;
  while (at.has_waiting()) {
    if (std::chrono::steady_clock::now() >= until)
      co_return "it has not accepted a connection within 60 s; it is to do so on its descriptor 0";
    if (co_await child.ended_within(pause)) break;
    pause = std::min<std::chrono::steady_clock::duration>(2 * pause, limits::kept_longest_look);
  }
  if (!child.status()) co_return std::string();
  co_await await_last_lines(log);
  std::string out = "it " + base::exit_text(*child.status()) + " before it accepted a connection";
  for (auto const& line : log.last_lines()) out += "\n" + line;
  co_return out;
}

// What it printed before it ended may still be on its way.
base::task<void> starter::await_last_lines(gateway::program_log& log) {
  auto const read = std::make_shared<base::event>(executor_);
  log.when_ended([read] { read->set(); });
  co_await read->wait_for(limits::exit_wait);
}

std::string starter::not_started(base::error_code const& why) const {
  auto out = "it cannot be started: " + why.message();
  bool const sandboxed = plan_.held_by != nullptr && plan_.held_by->sandbox != nullptr;
  if (sandboxed && why == boost::system::errc::permission_denied) {
    out +=
        ". In its sandbox it can be run only where it lies in the system's directories, in dir= or "
        "in one of --sandbox-read";
  }
  return out;
}

}  // namespace

std::unique_ptr<process::program_starter> make_program_starter(base::executor ex,
                                                               process::launcher& launcher,
                                                               program_plan plan) {
  return std::make_unique<starter>(ex, launcher, std::move(plan));
}

}  // namespace gatehouse::remote
