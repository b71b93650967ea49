#include "gatehouse/wsgi/dialogue.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::wsgi {
namespace {

using boost::system::errc::errc_t;

// How much of the bytes the socket took now; an error that is not "later" otherwise.
base::result<std::size_t> send_now(int socket, std::string_view bytes) {
  while (true) {
    auto const sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN) return std::size_t{0};
    if (errno != EINTR) return base::last_error();
  }
}

base::error_code out_of_memory() {
  return {ENOMEM, boost::system::system_category()};
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
      limits_(limits),
      buffer_(std::make_unique_for_overwrite<char[]>(base::limits::stream_buffer_bytes)),
      wake_(executor_, base::timer::time_point::max()),
      silence_(executor_, [this] { fail(fault::silence, base::errc::timed_out); }),
      deadline_(executor_, [this] { fail(fault::deadline, base::errc::timed_out); }) {}

void dialogue::begin(process::pool::lease worker) {
  worker_ = std::move(worker);
  program_ = worker_.program();
  state_ = state::asked;
  context_->record.script_pid = program_->pid();
  if (!client_) {
    client_ = context_->when_client_leaves([weak = weak_from_this()] {
      if (auto const alive = weak.lock()) alive->on_client_left();
    });
  }
  auto const sent = send_now(worker_.connection().native_handle(), frame_);
  if (sent.has_error()) {
    worker_.give_up();
    state_ = state::waiting;
    return;
  }
  if (limits_.deadline.count() > 0) deadline_.set(limits_.deadline);
  if (*sent < frame_.size()) {
    boost::asio::co_spawn(executor_, write(shared_from_this(), frame_.substr(*sent)),
                          [self = shared_from_this()](std::exception_ptr const& failure) {
                            if (failure) self->fail(fault::gone, out_of_memory());
                          });
  }
  read_more();
}

// That the worker has ended is noticed by who reads.
base::task<void> dialogue::write(std::shared_ptr<dialogue> self, std::string bytes) {
  std::string_view rest = bytes;
  self->writing_ = true;
  while (self->worker_) {
    auto const sent = send_now(self->worker_.connection().native_handle(), rest);
    if (sent.has_error()) break;
    rest.remove_prefix(*sent);
    if (rest.empty()) break;
    auto const [ec] = co_await self->worker_.connection().async_wait(
        process::local_socket::wait_write, base::as_result);
    if (ec) break;
  }
  self->writing_ = !rest.empty();
}

void dialogue::read_more() {
  if (reading_ || !worker_) return;
  reading_ = true;
  silence_.set(limits_.silence);
  worker_.connection().async_read_some(
      boost::asio::buffer(buffer_.get(), base::limits::stream_buffer_bytes),
      [self = shared_from_this()](base::error_code const& ec, std::size_t got) {
        self->reading_ = false;
        self->on_read(ec, got);
      });
}

void dialogue::on_read(base::error_code const& ec, std::size_t got) {
  if (!worker_) return;
  if (ec) return on_gone(ec);
  frame_.clear();
  if (state_ == state::asked) state_ = state::answering;
  std::string_view rest(buffer_.get(), got);
  while (!rest.empty()) {
    auto const step = decoder_.next(rest);
    if (step.has_error()) return fail(fault::protocol, step.error());
    rest.remove_prefix(step->consumed);
    if (!take_step(*step)) return;
  }
  wake();
  if (unwanted_ || output_.size() - taken_ < base::limits::answer_ahead_bytes) {
    read_more();
  } else {
    silence_.clear();  // It is the client that is waited for.
  }
}

// Gives whether the answer goes on.
bool dialogue::take_step(answer_decoder::step const& step) {
  using event = answer_decoder::event;
  switch (step.what) {
    case event::none:
      return true;
    case event::data:
      if (unwanted_) return true;
      if (taken_ == output_.size() || taken_ >= base::limits::stream_buffer_bytes) {
        output_.erase(0, taken_);
        taken_ = 0;
      }
      output_.append(step.data);
      if (trace_sink_) {
        trace::recorder const report(trace_sink_.get());
        report(trace::stdout_bytes{step.data});
      }
      return true;
    case event::pull:
      pulled_ = true;
      pull(step.wanted);
      return true;
    case event::trouble:
      told_ = decoder_.take_trouble();
      if (fault_ == fault::none) fault_ = fault::trouble;
      failure_ = {ECONNABORTED, boost::system::system_category()};
      end(state::failed);
      return false;
    case event::end:
      break;
  }
  end(state::ended);
  return false;
}

// The other end closed while bytes of ours waited there unread: the worker had not begun.
void dialogue::on_gone(base::error_code const& ec) {
  bool const unread = ec == errc_t::connection_reset && !pulled_ && state_ == state::asked;
  bool const unsent = writing_ && state_ == state::asked;
  worker_.give_up();
  if ((unread || unsent) && fault_ == fault::none && !unwanted_) {
    silence_.clear();
    deadline_.clear();
    state_ = state::waiting;
    return wake();
  }
  if (fault_ == fault::none) {
    fault_ = fault::gone;
    failure_ = {ECONNRESET, boost::system::system_category()};
  }
  end(state::failed);
}

// The answer cannot be a whole one any more. The worker is to be stopped, unless it is only not
// needed any more.
void dialogue::fail(fault what, base::error_code const& why) {
  if (fault_ == fault::none) {
    fault_ = what;
    failure_ = why;
  }
  bool const goes_on = what == fault::input || what == fault::client;
  if (goes_on) {
    cancel();
  } else if (worker_) {
    base::error_code ignored;
    worker_.connection().cancel(ignored);
    worker_.give_up();
    silence_.clear();
    deadline_.clear();
  }
  state_ = state::failed;
  wake();
}

void dialogue::on_client_left() {
  if (state_ == state::ended || state_ == state::failed) return;
  fail(fault::client, base::errc::client_gone);
}

// The worker has ended its part, and others may have it.
void dialogue::end(state how) {
  if (state_ != state::failed) state_ = how;
  silence_.clear();
  deadline_.clear();
  client_.reset();
  if (context_ != nullptr) context_->note_contention(nullptr);
  // What ends its answer without having read what it has asked for is out of step.
  writing_ ? worker_.give_up() : worker_.give_back();
  wake();
}

// Nobody waits for the answer any more: the application's close() is still to run.
void dialogue::cancel() {
  if (std::exchange(unwanted_, true) || !worker_) return;
  output_.clear();
  taken_ = 0;
  auto const sent = send_now(worker_.connection().native_handle(), cancel_frame());
  if (sent.has_error() || *sent != cancel_frame().size()) {
    base::error_code ignored;
    worker_.connection().cancel(ignored);
    return worker_.give_up();
  }
  read_more();
}

void dialogue::pull(std::size_t wanted) {
  if (unwanted_ || context_ == nullptr || (fed_ && !fed_->happened())) return;
  fed_.emplace(executor_);
  feeding_ = std::make_shared<boost::asio::cancellation_signal>();
  auto done = [self = shared_from_this(), signal = feeding_](std::exception_ptr const& failure) {
    if (failure) self->fail(fault::input, out_of_memory());
    self->fed_->set();
  };
  boost::asio::co_spawn(executor_, feed(shared_from_this(), wanted),
                        boost::asio::bind_cancellation_slot(feeding_->slot(), std::move(done)));
}

base::task<void> dialogue::feed(std::shared_ptr<dialogue> self, std::size_t wanted) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto const size = std::clamp<std::size_t>(wanted, 1, base::limits::stream_buffer_bytes);
  auto const buffer = std::make_unique_for_overwrite<char[]>(size);
  auto const read = co_await self->read_body(boost::asio::buffer(buffer.get(), size));
  if (self->unwanted_ || (read.has_error() && read.error() == base::errc::stopped)) co_return;
  if (read.has_error()) co_return self->fail(fault::input, read.error());
  if (self->trace_sink_) {
    trace::recorder const report(self->trace_sink_.get());
    report(trace::stdin_bytes{{buffer.get(), *read}});
  }
  self->body_left_ -= std::min<std::uint64_t>(self->body_left_, *read);
  auto bytes = body_frame_head(*read);
  bytes.append(buffer.get(), *read);
  self->silence_.set(self->limits_.silence);
  co_await write(self, std::move(bytes));
}

base::task<base::result<std::size_t>> dialogue::read_body(boost::asio::mutable_buffer into) {
  if (input_.file) {
    auto const got = ::read(input_.file.get(), into.data(), into.size());
    if (got < 0) co_return base::last_error();
    co_return static_cast<std::size_t>(got);
  }
  if (input_.body == nullptr || body_left_ == 0) co_return std::size_t{0};
  // While the client is waited for, the worker is not silent.
  silence_.clear();
  auto const read = co_await input_.body->read_some(into);
  co_return read;
}

base::task<void> dialogue::progress(std::optional<std::chrono::steady_clock::duration> limit) {
  if (taken_ < output_.size() || state_ == state::ended || state_ == state::failed ||
      state_ == state::waiting)
    co_return;
  read_more();
  if (limit) wake_.expires_after(*limit);
  co_await wake_.async_wait(base::as_result);
  if (limit) wake_.expires_at(base::timer::time_point::max());
}

std::size_t dialogue::take(boost::asio::mutable_buffer into) {
  auto const size = std::min(output_.size() - taken_, into.size());
  std::memcpy(into.data(), output_.data() + taken_, size);
  taken_ += size;
  if (output_.size() - taken_ < base::limits::answer_ahead_bytes / 2) read_more();
  return size;
}

void dialogue::abandon() {
  client_.reset();
  if (context_ != nullptr) context_->note_contention(nullptr);
  context_ = nullptr;
  if (feeding_) feeding_->emit(boost::asio::cancellation_type::all);
  cancel();
}

base::task<void> dialogue::leave() {
  abandon();
  if (fed_) co_await fed_->wait();
  input_ = {};
}

}  // namespace gatehouse::wsgi
