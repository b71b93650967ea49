#include "gatehouse/cgi/script_run.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <new>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/base/program_text.hpp"
#include "gatehouse/cgi/script_limit.hpp"
#include "gatehouse/gateway/stderr_tail.hpp"
#include "gatehouse/process/order.hpp"
#include "gatehouse/process/pipe.hpp"
#include "gatehouse/process/standard_streams.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::cgi {
namespace {

using descriptor = boost::asio::posix::basic_stream_descriptor<base::executor>;

// A read that gives so much found the pipe about full: the script is ahead of its client.
constexpr std::size_t full_read = base::limits::stream_buffer_bytes / 2;

void close_quietly(descriptor& d) {
  boost::system::error_code ignored;
  d.close(ignored);
}

void cancel_quietly(descriptor& d) {
  boost::system::error_code ignored;
  d.cancel(ignored);
}

// A wait that was not begun or given up by us has failed.
bool is_failure(base::error_code const& of_wait) {
  return of_wait && of_wait != boost::asio::error::operation_aborted;
}

}  // namespace

struct script_run::state : std::enable_shared_from_this<script_run::state> {
  state(base::executor ex, http::exchange_context& c)
      : executor(ex),
        context(&c),
        output(ex),
        input(ex),
        errors(ex),
        input_done(ex),
        moment(ex),
        silence(ex, [this] { time_out(true); }),
        whole(ex, [this] { time_out(false); }) {}

  // What is kept of the plan as long as the script runs.
  void take(run_plan& plan, run_limits const& l) {
    limits = l;
    name = std::move(plan.name);
    held_by = plan.program.held_by;
    slot = std::move(plan.slot);
    spooled = std::move(plan.spooled);
  }

  // From when the script is ordered: the client may leave, and time passes.
  void look_out() {
    context->when_client_leaves([weak = weak_from_this()] {
      if (auto const alive = weak.lock()) alive->fail(base::errc::client_gone);
    });
    moment.expires_after(base::limits::unwatched_time);
    moment.async_wait([weak = weak_from_this()](base::error_code const& ec) {
      auto const alive = weak.lock();
      if (!ec && alive) alive->on_moment();
    });
  }

  // The script runs, as child.
  void on_start() {
    context->record.script_pid = child->pid();
    trace(trace::process_started{child->pid()});
    child->when_ended([weak = weak_from_this()] {
      if (auto const alive = weak.lock()) alive->on_end();
    });
    if (held_by != nullptr && held_by->sandbox != nullptr) child->take_group_along();
    if (failure) child->stop();
    if (moment_passed || traced()) watch();
    if (limits.whole > std::chrono::steady_clock::duration::zero()) whole.set(limits.whole);
  }

  void time_out(bool by_silence) {
    silent_too_long = by_silence;
    fail(base::errc::timed_out);
  }

  // The script did something: its silence starts anew.
  void progressed() {
    if (output_awaited) silence.set(limits.silence);
  }

  // From now on its stderr is logged and its end noticed as they come. Without memory its stderr is
  // read at its end.
  void watch() noexcept try {
    if (std::exchange(watched, true)) return;
    child->watch();
    if (!child->status())
      boost::asio::co_spawn(executor, log_stderr(shared_from_this()), boost::asio::detached);
  } catch (std::bad_alloc const&) {
    base::log::error("script-unwatched", "out of memory");
  }

  // It is not one of the short ones.
  void on_moment() {
    moment_passed = true;
    if (child) return watch();
    cancel_quietly(output);  // start() waits no longer for the first output
  }

  // The run cannot give a whole answer any more.
  void fail(base::error_code why) {
    if (!failure) failure = why;
    stop();
    cancel_quietly(output);
  }

  void stop() {
    stopped = true;
    if (child) child->stop();
  }

  bool traced() const { return context != nullptr && context->trace_sink != nullptr; }

  template <class Event>
  void trace(Event const& what) const {
    if (!traced()) return;
    trace::recorder const report(*context);
    report(what);
  }

  void on_stderr_line(std::string_view line) const {
    base::log::quote(base::log::level::warn, "script-stderr", log_name(), line);
    trace(trace::stderr_line{line});
  }

  // The script and its process, for a line of the log.
  std::string log_name() const { return base::program_text(name, child->pid()); }

  // The script has ended: its place is free, and what is still in the pipes is all that counts, and
  // not what a process that it left behind goes on adding, perhaps faster than it is read.
  void on_end() {
    auto const freed = std::exchange(slot, {});
    auto const freed_room = std::exchange(spooled, {});
    if (context != nullptr) context->holds_scarce(nullptr);
    std::array<char, 4096> buffer;
    int const fd = errors.is_open() ? errors.native_handle() : unwatched_errors.get();
    auto left = process::waiting_in(fd);
    while (left > 0) {
      auto const got = process::read_now(fd, boost::asio::buffer(buffer, left));
      auto const size = got ? got->value_or(0) : 0;
      if (size == 0) break;
      tail.add({buffer.data(), size});
      left -= size;
    }
    if (output.is_open() && !output_ended)
      output_left = process::waiting_in(output.native_handle());
    tail.end();
    if (held_by != nullptr) tell_limits();
    unwatched_errors.reset();
    close_quietly(errors);
    cancel_quietly(output);
    moment.cancel();
    whole.clear();
    if (traced()) report_end();
  }

  void tell_limits() {
    met = cgi::limits_met(*held_by, {*child->status(), child->used(), stopped, tail.lines()});
    for (auto const& limit : met) base::log::warn("script-limit", log_name() + " " + limit);
  }

  void report_end() const {
    rusage own{};
    ::getrusage(RUSAGE_SELF, &own);
    auto const& used = child->used();
    trace(trace::process_ended{*child->status(), used, used.ru_maxrss <= own.ru_maxrss});
  }

  base::executor executor;
  http::exchange_context* context;  // null once the exchange is over
  descriptor output;
  descriptor input;
  base::unique_fd unwatched_errors;  // stderr, until it is watched
  descriptor errors;                 // and from then on
  base::event input_done;
  boost::asio::cancellation_signal cancel_input;
  base::timer moment;
  base::deadline silence;
  base::deadline whole;
  run_limits limits{};
  std::shared_ptr<process::containment const> held_by;
  std::vector<std::string> met;  // of its limits
  script_slots::slot slot;
  base::budget::part spooled;  // what its input takes on the disk
  std::string name;
  gateway::stderr_tail tail{[this](std::string_view line) { on_stderr_line(line); }};
  std::optional<process::child_process> child;
  base::error_code failure;
  std::optional<std::size_t> output_left;  // of what counts, once the script has ended
  bool moment_passed = false;
  bool watched = false;
  bool silent_too_long = false;
  bool stopped = false;  // by us
  bool output_awaited = false;
  bool output_widened = false;  // or the system refused
  bool input_widened = false;
  bool output_ended = false;
  bool input_unwanted = false;
  bool input_failed = false;
  bool finished = false;
};

// What comes after feeding the input, however that ends: Asio takes a coroutine down, and its
// completion handler uncalled, when there is no memory for what it is to wait with. And it uses the
// coroutine's cancellation signal for as long as it has the handler: that keeps the signal's owner.
class script_run::end_of_feeding {
 public:
  explicit end_of_feeding(std::shared_ptr<state> s) : of_(std::move(s)) {}
  end_of_feeding(end_of_feeding&&) noexcept = default;
  end_of_feeding(end_of_feeding const&) = delete;
  end_of_feeding& operator=(end_of_feeding const&) = delete;
  ~end_of_feeding() {
    if (of_ && !of_->input_done.happened()) end(true);
  }
  void operator()(std::exception_ptr const& failure) { end(failure != nullptr); }

 private:
  void end(bool failed) {
    if (failed) of_->fail({ENOMEM, boost::system::system_category()});
    close_quietly(of_->input);
    of_->input_done.set();
  }
  std::shared_ptr<state> of_;
};

namespace {

// A small body that has come with its head goes into the pipe at once; then nothing needs to feed
// the script.
base::task<base::error_code> put_whole_body(http::body_source& body, int pipe_end,
                                            http::exchange_context const& context) {
  trace::recorder const trace(context);
  std::array<char, base::limits::small_body_bytes> buffer;
  while (true) {
    auto const read = co_await body.read_some(boost::asio::buffer(buffer));
    if (read.has_error()) co_return read.error();
    if (*read == 0) co_return base::error_code{};
    trace(trace::stdin_bytes{{buffer.data(), *read}});
    if (auto const error = process::write_whole(pipe_end, {buffer.data(), *read})) co_return error;
  }
}

// The end becomes non-blocking; the other one, which a script gets, stays blocking.
base::error_code adopt(descriptor& into, base::unique_fd& fd) {
  boost::system::error_code ec;
  into.assign(fd.get(), ec);
  if (ec) return ec;
  static_cast<void>(fd.release());
  into.non_blocking(true, ec);
  return ec;
}

}  // namespace

base::task<base::result<std::unique_ptr<script_run>>> script_run::start(
    run_plan plan, process::launcher& launcher, run_limits limits,
    http::exchange_context& context) {
  auto* input = plan.input;
  if (plan.input_file) plan.program.standard_input = std::move(plan.input_file);
  auto ours = process::connect(plan.program, process::is_fed{input != nullptr});
  if (ours.has_error()) co_return ours.error();
  if (input != nullptr && plan.input_at_hand) {
    if (auto const error = co_await put_whole_body(*input, ours->input.get(), context))
      co_return error;
    ours->input.reset();
    input = nullptr;
  }

  auto const s = std::make_shared<state>(context.get_executor(), context);
  std::unique_ptr<script_run> run(new script_run(s));
  s->take(plan, limits);
  if (auto const error = adopt(s->output, ours->output)) co_return error;
  s->unwatched_errors = std::move(ours->error);
  if (input != nullptr) {
    if (auto const error = adopt(s->input, ours->input)) co_return error;
  }
  process::order ordered(s->executor, launcher, std::move(plan.program), limits.grace);
  s->look_out();
  // The first output tells as well as the launcher does that the script runs, and its end that it
  // could not be started. Who looks on wants to know when it was.
  if (input == nullptr && !s->traced())
    co_await s->output.async_wait(descriptor::wait_read, base::as_result);
  auto child = co_await ordered.child();
  if (child.has_error()) co_return child.error();
  s->child.emplace(std::move(*child));
  s->on_start();
  if (input != nullptr) {
    boost::asio::co_spawn(
        s->executor, feed_input(s, *input),
        boost::asio::bind_cancellation_slot(s->cancel_input.slot(), end_of_feeding(s)));
  } else {
    s->input_done.set();
  }
  co_return std::move(run);
}

script_run::~script_run() {
  state_->context = nullptr;
  if (!state_->child) return;
  if (!state_->finished) {
    // The input lives as long as its connection, which waits until this has had its effect.
    state_->input_unwanted = true;
    state_->cancel_input.emit(boost::asio::cancellation_type::all);
    state_->stop();
  }
  state_->watch();  // the run keeps its place as long as the script runs
}

base::task<base::result<std::size_t>> script_run::read_output(boost::asio::mutable_buffer buffer) {
  auto const s = state_;
  while (true) {
    if (s->failure) co_return s->failure;
    if (auto const got = read_output_at_once(buffer)) co_return *got;
    if (s->failure) co_return s->failure;
    if (s->child->status()) {
      s->output_ended = true;
      continue;
    }
    s->output_awaited = true;
    s->progressed();
    auto const [ec] = co_await s->output.async_wait(descriptor::wait_read, base::as_result);
    s->output_awaited = false;
    s->silence.clear();
    if (is_failure(ec)) s->fail(ec);
  }
}

std::optional<std::size_t> script_run::read_output_at_once(boost::asio::mutable_buffer buffer) {
  auto& s = *state_;
  if (s.failure) return std::nullopt;
  if (s.output_ended) return std::size_t{0};
  auto const wanted = boost::asio::buffer(buffer, s.output_left.value_or(buffer.size()));
  auto const read = process::read_now(s.output.native_handle(), wanted);
  if (read.has_error()) s.fail(read.error());
  if (read.has_error() || !read->has_value()) return std::nullopt;
  auto const got = *read;
  s.output_ended = *got == 0;
  if (s.output_left) *s.output_left -= *got;
  if (*got >= full_read && !std::exchange(s.output_widened, true))
    process::widen(s.output.native_handle());
  if (*got > 0) s.trace(trace::stdout_bytes{{static_cast<char const*>(buffer.data()), *got}});
  return got;
}

base::task<void> script_run::finish() {
  auto const s = state_;
  s->input_unwanted = true;
  s->cancel_input.emit(boost::asio::cancellation_type::all);
  co_await s->input_done.wait();
  if (s->output_ended && !s->failure) {
    if (!co_await s->child->ended_within(base::limits::exit_wait)) s->child->let_go();
  } else {
    s->stop();
  }
  s->context->record.script_status = s->child->status();
  s->finished = true;
  s->context = nullptr;
  close_quietly(s->output);
}

base::task<std::optional<int>> script_run::ended() {
  auto const s = state_;
  co_await s->child->ended_within(base::limits::exit_wait);
  co_return s->child->status();
}

std::vector<std::string> script_run::stderr_lines() const {
  return state_->tail.lines();
}

std::vector<std::string> const& script_run::limits_met() const {
  return state_->met;
}

bool script_run::was_silent_too_long() const {
  return state_->silent_too_long;
}

bool script_run::input_failed() const {
  return state_->input_failed;
}

// Body -> stdin, until the body ends, the script takes no more, or finish() wants no more.
base::task<void> script_run::feed_input(std::shared_ptr<state> s, http::body_source& input) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto const buffer = std::make_unique_for_overwrite<char[]>(base::limits::stream_buffer_bytes);
  while (!s->input_unwanted) {
    auto const passed = co_await pass_input(
        s, input, boost::asio::buffer(buffer.get(), base::limits::stream_buffer_bytes));
    if (passed.has_error() && passed.error() != base::errc::stopped) {
      s->input_failed = !s->failure;
      s->fail(passed.error());
    }
    if (passed.has_error() || *passed == 0) break;
  }
}

// The next bytes of the body into the script's stdin, moved if the body can do that and nobody
// wants to see them. Gives how many; 0 at the body's end, or if the script takes no more, or
// finish() wants no more.
base::task<base::result<std::size_t>> script_run::pass_input(std::shared_ptr<state> s,
                                                             http::body_source& input,
                                                             boost::asio::mutable_buffer buffer) {
  while (!s->traced()) {
    auto const moved = co_await input.splice_some(s->input.native_handle());
    if (moved.has_error() && moved.error() == boost::system::errc::resource_unavailable_try_again) {
      auto const error = co_await input_room(s);
      if (error) co_return error;
      continue;
    }
    if (moved.has_value() && *moved == 0) break;
    if (moved.has_value()) s->progressed();
    co_return moved;
  }
  auto const read = co_await input.read_some(buffer);
  if (read.has_error() || *read == 0) co_return read;
  auto const error = co_await write_input(s, {static_cast<char const*>(buffer.data()), *read});
  if (error) co_return error;
  co_return read;
}

// All of the bytes into the script's stdin. errc::stopped if the script takes no more, or finish()
// wants no more.
base::task<base::error_code> script_run::write_input(std::shared_ptr<state> s,
                                                     std::string_view bytes) {
  s->trace(trace::stdin_bytes{bytes});
  while (!bytes.empty()) {
    auto const put = process::write_now(s->input.native_handle(), bytes);
    if (put.has_error()) {
      bool const unread = put.error() == boost::system::errc::broken_pipe;
      co_return unread ? base::errc::stopped : put.error();
    }
    if (put->has_value()) {
      bytes.remove_prefix(**put);
      s->progressed();
    } else {
      auto const error = co_await input_room(s);
      if (error) co_return error;
    }
  }
  co_return base::error_code{};
}

// Suspends until a full stdin can take more, and widens it then: the script does read.
// errc::stopped if finish() wants no more.
base::task<base::error_code> script_run::input_room(std::shared_ptr<state> s) {
  if (s->input_unwanted) co_return base::errc::stopped;
  auto const [ec] = co_await s->input.async_wait(descriptor::wait_write, base::as_result);
  if (is_failure(ec)) co_return ec;
  if (ec) co_return base::errc::stopped;
  if (!std::exchange(s->input_widened, true)) process::widen(s->input.native_handle());
  co_return base::error_code{};
}

base::task<void> script_run::log_stderr(std::shared_ptr<state> s) {
  std::array<char, 4096> buffer;
  // What cannot be watched is read at the end.
  if (s->unwatched_errors) static_cast<void>(adopt(s->errors, s->unwatched_errors));
  while (s->errors.is_open()) {
    auto const got = process::read_now(s->errors.native_handle(), boost::asio::buffer(buffer));
    bool const more_to_come = got && (!got->has_value() || **got > 0);
    if (!more_to_come) {
      close_quietly(s->errors);
      break;
    }
    if (got->has_value()) s->tail.add({buffer.data(), **got});
    // A wait and not a read: on_end() reads too, and must find all that was not yet taken.
    auto const [ec] = co_await s->errors.async_wait(descriptor::wait_read, base::as_result);
    if (ec) break;  // on_end() closes it: the script may still write
  }
  // The run keeps its place and its deadline as long as the script runs, closed outputs or not.
  co_await s->child->ended();
}

}  // namespace gatehouse::cgi
