#include "gatehouse/wsgi/worker_starter.hpp"

#include <signal.h>

#include <atomic>
#include <utility>

#include "gatehouse/base/log.hpp"
#include "gatehouse/base/program_text.hpp"
#include "gatehouse/process/pipe.hpp"
#include "gatehouse/wsgi/interpreter.hpp"
#include "gatehouse/wsgi/socket_pair.hpp"

namespace gatehouse::wsgi {
namespace {

using process::kept_program;
using process::start_outcome;
using process::start_refusal;

// What both ways to get a worker have in common.
class worker : public kept_program {
 public:
  worker(std::shared_ptr<interpreter> of, pid_t pid, std::string const& application,
         std::shared_ptr<gateway::program_log> log, std::vector<base::unique_fd> sockets)
      : of_(std::move(of)),
        log_(std::move(log)),
        pid_(pid),
        log_name_(base::program_text(application, pid)),
        sockets_(std::move(sockets)) {}

  pid_t pid() const final { return pid_; }
  std::string const& log_name() const final { return log_name_; }
  std::vector<std::string> last_lines() const final { return log_->last_lines(); }
  std::vector<std::string> sources() const final { return of_->sources(); }
  std::uint64_t lines_written() const final { return log_->written(); }
  std::vector<std::string> lines_after(std::uint64_t number) const final {
    return log_->lines_after(number);
  }
  bool lines_waiting() const final { return log_->has_unread(); }
  std::vector<base::unique_fd> take_sockets() final { return std::exchange(sockets_, {}); }

  std::optional<int> status() const final {
    return known_ ? std::optional<int>(status_) : std::nullopt;
  }

 protected:
  void note_end(std::optional<int> status) {
    status_ = status.value_or(process::unknown_status);
    known_ = true;
  }

  std::shared_ptr<interpreter> const of_;
  std::shared_ptr<gateway::program_log> const log_;

 private:
  pid_t const pid_;
  std::string const log_name_;
  std::vector<base::unique_fd> sockets_;
  std::atomic<int> status_ = 0;
  std::atomic<bool> known_ = false;
};

// A Python that has imported the application for itself.
class own_worker final : public worker {
 public:
  own_worker(std::shared_ptr<interpreter> of, std::string const& application,
             std::vector<base::unique_fd> sockets)
      : worker(of, of->child().pid(), application, of->log(), std::move(sockets)) {}

  void when_ended(std::function<void()> action) override {
    of_->when_it_ends([this, action = std::move(action)] {
      note_end(of_->child().status());
      action();
    });
  }
  void stop() override { of_->child().stop(); }
};

// One that was forked by a Python that has imported the application for all. It has a group of its
// own. Its lifeline is what holds it: the kernel kills the group when our end of it closes, so that
// no number of a process that has ended is ever used.
class forked_worker final : public worker, public std::enable_shared_from_this<forked_worker> {
 public:
  forked_worker(base::executor ex, std::shared_ptr<interpreter> of, pid_t pid,
                std::string const& application, std::shared_ptr<gateway::program_log> log,
                std::vector<base::unique_fd> sockets, base::unique_fd lifeline,
                std::chrono::steady_clock::duration grace)
      : worker(std::move(of), pid, application, std::move(log), std::move(sockets)),
        lifeline_(std::move(lifeline)),
        grace_(ex),
        grace_time_(grace) {}

  // What it leaves of its group is killed with its lifeline.
  void when_ended(std::function<void()> action) override {
    auto const end = [weak = weak_from_this(),
                      action = std::move(action)](std::optional<int> status) {
      auto const self = weak.lock();
      if (!self) return;
      self->note_end(status);
      self->grace_.cancel();
      self->lifeline_.reset();
      action();
    };
    of_->when_ended(pid(), [log = log_, end](std::optional<int> status) {
      if (status) return end(status);
      // The Python that forked it has ended. What has its log open is what is left of it.
      log->when_ended([end] { end(std::nullopt); });
    });
  }

  void stop() override {
    if (!lifeline_ || std::exchange(stopping_, true)) return;
    ::kill(-pid(), SIGTERM);
    grace_.expires_after(grace_time_);
    grace_.async_wait([self = shared_from_this()](base::error_code const& ec) {
      if (ec || !self->lifeline_) return;
      base::log::warn("worker-killed", self->log_name() + " did not end in time after TERM");
      self->lifeline_.reset();
    });
  }

 private:
  base::unique_fd lifeline_;
  base::timer grace_;
  std::chrono::steady_clock::duration grace_time_;
  bool stopping_ = false;
};

struct sockets {
  std::vector<base::unique_fd> ours;
  std::vector<base::unique_fd> theirs;
};

std::optional<sockets> make_sockets(std::size_t count) {
  sockets out;
  for (std::size_t i = 0; i < count; ++i) {
    auto pair = make_socket_pair();
    if (!pair) return std::nullopt;
    out.ours.push_back(std::move(pair->ours));
    out.theirs.push_back(std::move(pair->theirs));
  }
  return out;
}

start_refusal out_of_descriptors() {
  return {base::last_error().message()};
}

class starter final : public process::program_starter {
 public:
  starter(base::executor ex, process::launcher& launcher, worker_plan plan)
      : executor_(ex), launcher_(launcher), plan_(std::move(plan)) {}

  base::task<start_outcome> start() override {
    if (!common_ || common_->has_ended()) {
      auto made = co_await interpreter::start(executor_, launcher_, plan_);
      if (!made.one) co_return start_refusal{made.wrong};
      common_ = made.one;
    }
    auto const of = plan_.preload ? common_ : std::exchange(common_, nullptr);
    if (!plan_.preload) co_return own(of);
    auto out = co_await forked(of);
    co_return out;
  }

  void close() override {
    if (common_) common_->close();
  }

 private:
  start_outcome own(std::shared_ptr<interpreter> const& of) const {
    auto made = make_sockets(plan_.threads);
    if (!made) return out_of_descriptors();
    std::vector<int> fds;
    for (auto const& fd : made->theirs) fds.push_back(fd.get());
    if (!of->hand_over('W', fds)) return start_refusal{"it takes no sockets"};
    return std::make_shared<own_worker>(of, plan_.application, std::move(made->ours));
  }

  base::task<start_outcome> forked(std::shared_ptr<interpreter> of) {
    auto made = make_sockets(plan_.threads);
    auto lifeline = make_socket_pair();
    auto log = process::make_pipe();
    if (!made || !lifeline || log.has_error()) co_return out_of_descriptors();
    std::vector<int> fds{log->write.get(), lifeline->theirs.get()};
    for (auto const& fd : made->theirs) fds.push_back(fd.get());
    auto const handed = of->hand_over('W', fds);
    made->theirs.clear();
    lifeline->theirs.reset();
    log->write.reset();
    pid_t pid = 0;
    if (handed) pid = co_await of->forked();
    if (pid == 0) {
      of->child().stop();
      co_return start_refusal{"no worker could be forked"};
    }
    auto lines = gateway::program_log::read(executor_, std::move(log->read), log_code,
                                            base::program_text(plan_.application, pid));
    co_return std::make_shared<forked_worker>(executor_, of, pid, plan_.application,
                                              std::move(lines), std::move(made->ours),
                                              std::move(lifeline->ours), plan_.grace);
  }

  base::executor executor_;
  process::launcher& launcher_;
  worker_plan plan_;
  std::shared_ptr<interpreter> common_;  // with preload: what forks
};

}  // namespace

std::unique_ptr<process::program_starter> make_worker_starter(base::executor ex,
                                                              process::launcher& launcher,
                                                              worker_plan plan) {
  return std::make_unique<starter>(ex, launcher, std::move(plan));
}

}  // namespace gatehouse::wsgi
