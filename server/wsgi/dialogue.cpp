#include "gatehouse/wsgi/dialogue.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::wsgi {

namespace limits = base::limits;

namespace {

base::error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

}  // namespace

dialogue::dialogue(http::exchange_context& context, gateway::input_plan input, std::string frame,
                   std::uint64_t body_left, dialogue_limits const& limits)
    : executor_(context.get_executor()),
      context_(&context),
      trace_sink_(context.trace_sink),
      input_(std::move(input)),
      frame_(std::move(frame)),
      body_left_(body_left),
      limits_(limits) {}

// A worker that is still here is within an answer that nobody reads any more.
dialogue::~dialogue() {
  give_worker_up();
}

void dialogue::begin(process::pool::lease worker) {
  if (state_ != state::waiting) return;  // The client has left meanwhile.
  worker_ = std::move(worker);
  program_ = worker_.program();
  ++workers_;
  state_ = state::asked;
  writing_ = false;
  looked_ = false;
  context_->record.script_pid = program_->pid();
  auto& to = worker_.connection();
  to.when_late([this] { on_late(); });
  auto const put = to.send_now(frame_);
  if (put.has_error()) {
    // Nothing was sent, and what is not there any more is noticed so.
    bool const shortage = base::is_shortage(put.error());
    if (shortage) fail(fault::shortage, put.error());
    if (shortage) return end(state::failed, true);
    give_worker_up();
    state_ = state::waiting;
    return;
  }
  report(trace::record_passed::to_application, 'R', frame_.size());
  if (limits_.deadline > duration::zero()) {
    deadline_.emplace(executor_, [this] { fail(fault::deadline, base::errc::timed_out); });
    deadline_->set(limits_.deadline);
  }
  if (auto const sent = put->value_or(0); sent < frame_.size()) send(frame_.substr(sent));
}

base::task<std::size_t> dialogue::read(boost::asio::mutable_buffer into) {
  if (!ahead_.empty()) co_return take_ahead(into);
  while (is_open()) {
    begin_waiting();
    auto const [ec, got] = co_await worker_.connection().receive(into, base::as_result);
    end_waiting();
    if (auto const output = came(into, ec, got)) co_return output;
  }
  co_return 0;
}

base::task<std::optional<std::size_t>> dialogue::read_within(boost::asio::mutable_buffer into,
                                                             duration limit) {
  bool over = false;
  base::deadline pause(executor_, [&] {
    over = true;
    if (worker_) worker_.connection().cancel();
  });
  pause.set(limit);
  while (!over) {
    if (auto const now = read_now(into)) co_return now;
    if (!is_open()) co_return std::size_t{0};
    begin_waiting();
    auto const [ec, got] = co_await worker_.connection().receive(into, base::as_result);
    end_waiting();
    if (auto const output = came(into, ec, got)) co_return output;
  }
  co_return std::nullopt;
}

std::optional<std::size_t> dialogue::read_now(boost::asio::mutable_buffer into) {
  if (!ahead_.empty()) return take_ahead(into);
  while (is_open()) {
    auto const read = worker_.connection().receive_now(into);
    if (read && !*read) return std::nullopt;
    auto const got = read ? **read : 0;
    if (auto const output = came(into, read ? base::error_code{} : read.error(), got))
      return output;
  }
  return state_ == state::ended ? std::optional<std::size_t>(0) : std::nullopt;
}

// What was received, or the end or an error instead. Gives how much output it is, which is at the
// start of the bytes then; also where the answer has failed behind it.
std::size_t dialogue::came(boost::asio::mutable_buffer bytes, base::error_code const& ec,
                           std::size_t got) {
  if (!worker_) return 0;
  if (got == 0) {
    // What was to be read was stopped, by fail() or by the end of a limit.
    if (ec != boost::asio::error::operation_aborted) on_gone(ec);
    return 0;
  }
  frame_.clear();
  if (state_ == state::asked) state_ = state::answering;
  std::size_t output = 0;
  try {
    output = decode(static_cast<char*>(bytes.data()), got);
  } catch (...) {
    // Nobody knows any more where in its answer it is.
    give_worker_up();
    throw;
  }
  if (is_open() && output > 0) worker_.connection().set_deadline(limits::ahead_look_interval);
  return output;
}

std::size_t dialogue::decode(char* bytes, std::size_t size) {
  using event = answer_decoder::event;
  trace::recorder const trace(trace_sink_.get());
  std::string_view rest(bytes, size);
  std::size_t output = 0;
  while (!rest.empty() && worker_) {
    auto const step = decoder_.next(rest);
    if (step.has_error()) {
      fail(fault::protocol, step.error());
      break;
    }
    rest.remove_prefix(step->consumed);
    bool const tells_more = step->frame == 'P';  // how much is wanted
    if (step->frame != 0 && !tells_more)
      report(trace::record_passed::from_application, step->frame, step->length);
    if (step->what == event::data) {
      if (!unwanted_) trace(trace::stdout_bytes{step->data});
      std::memmove(bytes + output, step->data.data(), step->data.size());
      output += step->data.size();
    } else if (step->what != event::none) {
      take_event(*step, !rest.empty());
    }
  }
  return unwanted_ ? 0 : output;
}

void dialogue::report(trace::record_passed::direction way, char kind, std::size_t length) const {
  trace::recorder const trace(trace_sink_.get());
  trace(trace::record_passed{way, frame_name(kind), length});
}

// surplus: more has come behind it.
void dialogue::take_event(answer_decoder::step const& step, bool surplus) {
  using event = answer_decoder::event;
  if (step.what == event::pull) {
    report(trace::record_passed::from_application, 'P', step.wanted);
    return pull(step.wanted);
  }
  if (step.what == event::trouble) {
    auto told = decoder_.take_trouble();
    if (fault_ == fault::none) {
      told_ = std::move(told);
      fault_ = fault::trouble;
      failure_ = system_error(ECONNABORTED);
    }
  }
  // What ends its answer without having read what it has asked for, or says more, is out of step.
  end(step.what == event::end ? state::ended : state::failed, !writing_ && !surplus);
}

// The other end closed while bytes of ours waited there unread: the worker had not begun.
void dialogue::on_gone(base::error_code const& why) {
  if (base::is_shortage(why)) return fail(fault::shortage, why);
  bool const unread = why == boost::system::errc::connection_reset && !pulled_;
  bool const not_begun = (unread || writing_) && state_ == state::asked;
  give_worker_up();
  if (not_begun && !unwanted_) {
    deadline_.reset();
    state_ = state::waiting;
    return;
  }
  fail(fault::gone, system_error(ECONNRESET));
}

// The answer cannot be a whole one any more; the first reason counts. Whoever reads it is woken.
// The worker has to be stopped, unless it is only not needed any more.
void dialogue::fail(fault what, base::error_code const& why) {
  if (state_ == state::ended) return;
  if (fault_ == fault::none) {
    fault_ = what;
    failure_ = why;
  }
  state_ = state::failed;
  if (!worker_) return;
  bool const goes_on = what == fault::input || what == fault::client || what == fault::shortage;
  if (!goes_on || unwanted_) return give_worker_up();
  worker_.connection().cancel();
}

// There is no memory to go on. What the worker was to read next may be written in part.
void dialogue::run_out() {
  if (writing_) give_worker_up();
  fail(fault::shortage, system_error(ENOMEM));
}

void dialogue::give_worker_up() noexcept {
  if (!worker_) return;
  worker_.connection().when_late(nullptr);
  worker_.connection().clear_deadline();
  worker_.give_up();
}

// The worker has ended its part, and others may have it if it is in step.
void dialogue::end(state how, bool in_step) {
  if (state_ != state::failed) state_ = how;
  deadline_.reset();
  client_.reset();
  if (context_ != nullptr) context_->note_contention(nullptr);
  if (!in_step) return give_worker_up();
  worker_.connection().when_late(nullptr);
  worker_.connection().clear_deadline();
  worker_.give_back();
}

void dialogue::begin_waiting() {
  waits_ = true;
  progressed();
}

void dialogue::end_waiting() {
  waits_ = false;
  if (worker_) worker_.connection().clear_deadline();
}

// The worker's silence begins anew. While the client's body is awaited, it is not silent.
void dialogue::progressed() {
  if (!waits_ || !worker_ || feeding_ == feeding::reading_body) return;
  auto const first = std::min<duration>(limits_.silence, limits::unwatched_time);
  worker_.connection().set_deadline(looked_ ? limits_.silence : first);
}

void dialogue::on_late() {
  auto const self = shared_from_this();
  try {
    waits_ ? look() : read_ahead();
  } catch (std::bad_alloc const&) {
    run_out();
  }
}

// Most answers have come by the first look, and nothing more is to be done for them.
void dialogue::look() {
  if (looked_ || limits_.silence <= limits::unwatched_time)
    return fail(fault::silence, base::errc::timed_out);
  looked_ = true;
  if (!client_ && context_ != nullptr) {
    client_ = context_->when_client_leaves([weak = weak_from_this()] {
      if (auto const alive = weak.lock()) alive->fail(fault::client, base::errc::client_gone);
    });
  }
  progressed();
}

// The client is slow to take what came. What else there is of the answer is taken ahead of it.
void dialogue::read_ahead() {
  while (is_open() && ahead_.size() < limits::answer_ahead_bytes) {
    auto const before = ahead_.size();
    ahead_.resize(std::min(before + limits::stream_buffer_bytes, limits::answer_ahead_bytes));
    auto const room = boost::asio::buffer(ahead_) + before;
    auto const read = worker_.connection().receive_now(room);
    bool const nothing = read && !*read;
    auto const got = read ? read->value_or(0) : 0;
    auto const output = nothing ? 0 : came(room, read ? base::error_code{} : read.error(), got);
    ahead_.resize(before + output);
    if (nothing) break;
  }
  if (is_open() && ahead_.size() < limits::answer_ahead_bytes)
    worker_.connection().set_deadline(limits::ahead_look_interval);
}

std::size_t dialogue::take_ahead(boost::asio::mutable_buffer into) {
  auto const size = std::min(ahead_.size() - ahead_taken_, into.size());
  std::memcpy(into.data(), ahead_.data() + ahead_taken_, size);
  ahead_taken_ += size;
  if (ahead_taken_ == ahead_.size()) {
    ahead_ = {};
    ahead_taken_ = 0;
    if (is_open()) worker_.connection().set_deadline(limits::ahead_look_interval);
  }
  return size;
}

// Nobody waits for the answer any more: the application's close() is still to run.
void dialogue::abandon() noexcept {
  client_.reset();
  deadline_.reset();
  if (context_ != nullptr) context_->note_contention(nullptr);
  context_ = nullptr;
  if (feeding_ == feeding::reading_body) stop_feeding_->emit(boost::asio::cancellation_type::all);
  if (!worker_ || unwanted_) return;
  unwanted_ = true;
  ahead_ = {};
  try {
    if (!writing_) say_unwanted();
    drain();
  } catch (...) {
    give_worker_up();
  }
}

void dialogue::say_unwanted() {
  report(trace::record_passed::to_application, 'C', 0);
  auto const frame = cancel_frame();
  auto const put = worker_.connection().send_now(frame);
  if (put.has_error()) return give_worker_up();
  if (auto const sent = put->value_or(0); sent < frame.size()) give_worker_up();
}

// What else the worker sends is dropped, until it has ended its answer or is silent for too long.
void dialogue::drain() {
  if (!worker_) return;
  if (!dropped_) dropped_ = std::make_unique_for_overwrite<char[]>(limits::head_read_bytes);
  looked_ = true;
  begin_waiting();
  boost::asio::mutable_buffer const into(dropped_.get(), limits::head_read_bytes);
  worker_.connection().receive(
      into, [self = shared_from_this(), into](base::error_code const& ec, std::size_t got) {
        try {
          self->end_waiting();
          self->came(into, ec, got);
          self->drain();
        } catch (std::bad_alloc const&) {
          self->give_worker_up();
        }
      });
}

base::task<void> dialogue::leave() {
  abandon();
  if (body_read_) co_await body_read_->wait();
  input_ = {};
}

}  // namespace gatehouse::wsgi
