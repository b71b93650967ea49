#include "gatehouse/wsgi/interpreter.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <boost/algorithm/string/split.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstring>
#include <utility>

#include "gatehouse/base/embedded_file.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/process/order.hpp"
#include "gatehouse/process/pipe.hpp"
#include "gatehouse/wsgi/socket_pair.hpp"

namespace gatehouse {
std::span<base::embedded_file const> wsgi_files();
}

namespace gatehouse::wsgi {
namespace {

// Reads worker.py from the control socket and runs it: a worker gets no file.
constexpr char reader[] =
    "import socket;c=socket.socket(fileno=0);"
    "exec(compile(c.recv(int(c.recv(8,256)),256),'gatehouse/wsgi/worker.py','exec'))";
constexpr std::size_t size_digits = 8;

std::string source_message() {
  auto const source = wsgi_files().front().bytes;
  auto size = std::to_string(source.size());
  return std::string(size_digits - size.size(), ' ') + size + std::string(source);
}

process::program program_of(worker_plan const& plan) {
  process::program out;
  out.path = plan.python;
  out.arguments = {plan.python,
                   "-c",
                   reader,
                   plan.application,
                   plan.several ? "several" : "one",
                   plan.preload ? "preload" : "each"};
  if (plan.watched) out.arguments.emplace_back("watched");
  out.environment = plan.environment;
  out.directory = plan.directory;
  out.descriptor_limit = plan.descriptor_limit;
  out.script = plan.directory;
  out.held_by = plan.held_by;
  return out;
}

std::string not_started(worker_plan const& plan, base::error_code const& why) {
  auto out = plan.python + " cannot be started: " + why.message();
  bool const sandboxed = plan.held_by != nullptr && plan.held_by->sandbox != nullptr;
  if (sandboxed && why == boost::system::errc::permission_denied) {
    out +=
        ". In its sandbox it can be run only where it lies in the application's directory, in the "
        "system's or in one of --sandbox-read";
  }
  return out;
}

}  // namespace

interpreter::interpreter(base::executor ex)
    : control_(ex), wake_(ex, base::timer::time_point::max()) {}

interpreter::~interpreter() = default;

base::task<interpreter::made> interpreter::start(base::executor ex, process::launcher& launcher,
                                                 worker_plan const& plan) {
  auto control = make_socket_pair();
  auto lifeline = make_socket_pair();
  auto log = process::make_pipe();
  if (!control || !lifeline || log.has_error()) co_return made{{}, base::last_error().message()};
  auto program = program_of(plan);
  program.standard_input = std::move(control->theirs);
  program.standard_output.reset(::fcntl(log->write.get(), F_DUPFD_CLOEXEC, 3));
  program.standard_error = std::move(log->write);
  auto const self = std::make_shared<interpreter>(ex);
  base::error_code error;
  self->control_.assign(boost::asio::local::stream_protocol(), control->ours.get(), error);
  if (error) co_return made{{}, error.message()};
  static_cast<void>(control->ours.release());
  self->lifeline_ = std::move(lifeline->ours);
  self->log_ = gateway::program_log::read(ex, std::move(log->read), log_code, plan.application);
  process::order ordered(ex, launcher, std::move(program), plan.application, plan.grace);
  auto child = co_await ordered.child();
  if (child.has_error()) co_return made{{}, not_started(plan, child.error())};
  self->child_.emplace(std::move(*child));
  self->child_->kill_rest_at_end();
  self->log_->set_name(self->child_->log_name());
  self->child_->when_ended([weak = self->weak_from_this()] {
    if (auto const alive = weak.lock()) alive->end();
  });
  self->child_->watch();
  auto const source = source_message();
  auto const sent = ::send(self->control_.native_handle(), source.data(), source.size(),
                           MSG_NOSIGNAL | MSG_DONTWAIT);
  std::array<int, 1> const life{lifeline->theirs.get()};
  bool const told = sent == static_cast<ssize_t>(source.size()) && self->hand_over('L', life);
  if (!told) co_return made{{}, plan.python + " does not take what it is to run"};
  boost::asio::co_spawn(ex, listen(self), boost::asio::detached);
  auto wrong = co_await self->await_import();
  if (!wrong.empty()) self->child_->stop();
  co_return made{wrong.empty() ? self : nullptr, wrong};
}

// Gives what went wrong; nothing if the application was imported.
base::task<std::string> interpreter::await_import() {
  wake_.expires_after(base::limits::kept_start_time);
  while (!answer_ && !ended_) {
    auto const [ec] = co_await wake_.async_wait(base::as_result);
    if (!ec) co_return std::string("it was not imported within 60 s");
  }
  auto const answer = std::exchange(answer_, std::nullopt);
  if (answer && answer->kind == 'R') {
    boost::algorithm::split(sources_, answer->text, [](char c) { return c == '\0'; });
    co_return std::string();
  }
  if (answer) co_return answer->text;
  std::string out =
      "it " + base::exit_text(child_->status().value_or(0)) + " while it was imported";
  for (auto const& line : log_->last_lines()) out += "\n" + line;
  co_return out;
}

bool interpreter::hand_over(char word, std::span<int const> fds) {
  return send_descriptors(control_.native_handle(), word, fds);
}

base::task<pid_t> interpreter::forked() {
  wake_.expires_after(base::limits::kept_start_time);
  while (!answer_ && !ended_) {
    auto const [ec] = co_await wake_.async_wait(base::as_result);
    if (!ec) co_return 0;
  }
  auto const answer = std::exchange(answer_, std::nullopt);
  if (!answer || answer->kind != 'S') co_return 0;
  co_return static_cast<pid_t>(http::parse_decimal(answer->text).value_or(0));
}

void interpreter::when_ended(pid_t worker, std::function<void(std::optional<int>)> action) {
  auto const told = statuses_.find(worker);
  if (told == statuses_.end()) {
    workers_[worker] = std::move(action);
    return;
  }
  int const status = told->second;
  statuses_.erase(told);
  action(status);
}

void interpreter::when_it_ends(std::function<void()> action) {
  if (ended_) return action();
  on_end_ = std::move(action);
}

void interpreter::close() {
  base::error_code ignored;
  control_.shutdown(control_socket::shutdown_send, ignored);
}

base::task<void> interpreter::listen(std::shared_ptr<interpreter> self) {
  std::array<char, base::limits::small_read_bytes> buffer;
  while (true) {
    auto const [ec, got] =
        co_await self->control_.async_read_some(boost::asio::buffer(buffer), base::as_result);
    if (ec) co_return;
    self->received_.append(buffer.data(), got);
    while (true) {
      auto frame = take_control_frame(self->received_);
      if (frame.has_error()) co_return self->child_->stop();
      if (!frame->has_value()) break;
      self->take(**frame);
    }
  }
}

// "PID STATUS" of a worker that has ended, or the answer to what it was asked for.
void interpreter::take(control_frame const& frame) {
  if (frame.kind != 'D') {
    answer_ = frame;
    wake_.cancel();
    return;
  }
  auto const blank = std::min(frame.text.find(' '), frame.text.size());
  auto const text = std::string_view(frame.text);
  auto const pid = static_cast<pid_t>(http::parse_decimal(text.substr(0, blank)).value_or(0));
  auto const status = static_cast<int>(
      http::parse_decimal(text.substr(std::min(blank + 1, text.size()))).value_or(0));
  auto const found = workers_.find(pid);
  if (found == workers_.end()) {
    statuses_[pid] = status;
    return;
  }
  auto const action = std::move(found->second);
  workers_.erase(found);
  action(status);
}

// Workers that it leaves behind go on, and nobody tells how they end.
void interpreter::end() {
  ended_ = true;
  wake_.cancel();
  auto const left = std::exchange(workers_, {});
  for (auto const& [pid, action] : left) action(std::nullopt);
  if (auto const action = std::exchange(on_end_, nullptr)) action();
}

}  // namespace gatehouse::wsgi
