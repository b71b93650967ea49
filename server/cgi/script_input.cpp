#include "gatehouse/cgi/script_input.hpp"

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <utility>

#include "gatehouse/base/completion.hpp"
#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/process/pipe.hpp"

namespace gatehouse::cgi {

struct script_input::state {
  state(base::executor ex, std::shared_ptr<script_process> p)
      : process(std::move(p)), pipe(ex), done(ex) {}

  void stop() {
    unwanted = true;
    cancel.emit(boost::asio::cancellation_type::all);
  }

  std::shared_ptr<script_process> process;
  std::unique_ptr<http::body_source> owned;
  script_pipe pipe;
  base::event done;
  boost::asio::cancellation_signal cancel;
  bool unwanted = false;
};

script_input::script_input(std::shared_ptr<script_process> of) : process_(std::move(of)) {}

script_input::~script_input() {
  if (state_) state_->stop();
}

base::error_code script_input::adopt(base::unique_fd& end) {
  state_ = std::make_shared<state>(process_->get_executor(), process_);
  return state_->pipe.adopt(end);
}

void script_input::begin(http::body_source& body, std::unique_ptr<http::body_source> owned) {
  state_->owned = std::move(owned);
  // Asio uses the cancellation signal for as long as it has the handler, which therefore shares the
  // ownership of the state that has the signal.
  base::completion after_feeding([s = state_](bool failed) {
    if (failed)
      s->process->fail(script_process::fault::system, {ENOMEM, boost::system::system_category()});
    s->pipe.close();
    s->done.set();
  });
  boost::asio::co_spawn(
      process_->get_executor(), feed(state_, body),
      boost::asio::bind_cancellation_slot(state_->cancel.slot(), std::move(after_feeding)));
}

base::task<void> script_input::end() {
  auto const s = state_;
  if (s) {
    s->stop();
    co_await s->done.wait();
  }
}

// Feeds the body into the script's stdin until the body ends, the script has closed its stdin, or
// the feeding is stopped.
base::task<void> script_input::feed(std::shared_ptr<state> s, http::body_source& body) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto const buffer = std::make_unique_for_overwrite<char[]>(base::limits::stream_buffer_bytes);
  while (!s->unwanted) {
    auto const passed = co_await feed_some(
        s, body, boost::asio::buffer(buffer.get(), base::limits::stream_buffer_bytes));
    if (passed.has_error() && passed.error() != base::errc::stopped)
      s->process->fail(script_process::fault::input, passed.error());
    if (passed.has_error() || *passed == 0) break;
  }
}

// Feeds the next bytes of the body into the script's stdin. They are spliced if the body can do
// that and the exchange is not traced. Returns how many; 0 at the body's end. errc::stopped if the
// script has closed its stdin, or the feeding is stopped.
base::task<base::result<std::size_t>> script_input::feed_some(std::shared_ptr<state> s,
                                                              http::body_source& body,
                                                              boost::asio::mutable_buffer buffer) {
  while (!s->process->traced()) {
    auto const moved = co_await body.splice_some(s->pipe.get());
    if (moved.has_error() && moved.error() == boost::system::errc::resource_unavailable_try_again) {
      auto const error = co_await wait_for_room(s);
      if (error) co_return error;
      continue;
    }
    if (moved.has_value() && *moved == 0) break;
    if (moved.has_value()) s->process->progressed();
    co_return moved;
  }
  auto const read = co_await body.read_some(buffer);
  if (read.has_error() || *read == 0) co_return read;
  auto const error = co_await write(s, {static_cast<char const*>(buffer.data()), *read});
  if (error) co_return error;
  co_return read;
}

// Writes all of the bytes into the script's stdin. errc::stopped if the script has closed it, or
// the feeding is stopped.
base::task<base::error_code> script_input::write(std::shared_ptr<state> s, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const put = process::write_now(s->pipe.get(), bytes);
    if (put.has_error()) {
      bool const unread = put.error() == boost::system::errc::broken_pipe;
      co_return unread ? base::errc::stopped : put.error();
    }
    if (put->has_value()) {
      s->process->trace(trace::stdin_bytes{bytes.substr(0, **put)});
      bytes.remove_prefix(**put);
      s->process->progressed();
    } else {
      auto const error = co_await wait_for_room(s);
      if (error) co_return error;
    }
  }
  co_return base::error_code{};
}

// Suspends until a full stdin can take more, and widens the pipe then, because the script reads.
// errc::stopped if the feeding is stopped.
base::task<base::error_code> script_input::wait_for_room(std::shared_ptr<state> s) {
  if (s->unwanted) co_return base::errc::stopped;
  auto const [ec] = co_await s->pipe.writable();
  if (is_failure(ec)) co_return ec;
  if (ec) co_return base::errc::stopped;
  s->pipe.widen_once();
  co_return base::error_code{};
}

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

}  // namespace gatehouse::cgi
