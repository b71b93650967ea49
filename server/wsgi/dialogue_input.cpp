// How the request, and its body as far as the worker asks for it, get to the worker.

#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <utility>

#include "gatehouse/base/completion.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/wsgi/dialogue.hpp"

namespace gatehouse::wsgi {

namespace limits = base::limits;

// Sends what the socket has no room for yet, while the answer is read.
void dialogue::send(std::string bytes) {
  writing_ = true;
  boost::asio::co_spawn(executor_, write(shared_from_this(), std::move(bytes)),
                        base::completion([self = shared_from_this()](bool failed) {
                          if (failed) self->run_out();
                        }));
}

// That the worker has ended is noticed by who reads.
base::task<void> dialogue::write(std::shared_ptr<dialogue> self, std::string bytes) {
  std::string_view rest = bytes;
  auto const which = self->workers_;
  self->writing_ = true;
  while (true) {
    if (!self->worker_ || self->workers_ != which) co_return;
    self->progressed();
    auto const put = self->worker_.connection().send_now(rest);
    if (put.has_error() && base::is_shortage(put.error())) self->run_out();
    if (put.has_error()) co_return;
    rest.remove_prefix(put->value_or(0));
    if (rest.empty()) break;
    co_await self->worker_.connection().wait_writable();
  }
  self->writing_ = false;
  if (self->unwanted_) self->say_unwanted();
}

// It asks for more of the body, once for each piece. A piece is over when it was written, which may
// be before its coroutine is.
void dialogue::pull(std::size_t wanted) {
  pulled_ = true;
  if (unwanted_ || context_ == nullptr || feeding_ != feeding::none || writing_) return;
  body_read_.emplace(executor_);
  stop_feeding_ = std::make_shared<boost::asio::cancellation_signal>();
  auto done = [self = shared_from_this(), signal = stop_feeding_](bool failed) {
    if (!failed) return;
    self->feeding_ = feeding::none;
    self->body_read_->set();
    self->run_out();
  };
  feeding_ = feeding::reading_body;
  boost::asio::co_spawn(executor_, feed(shared_from_this(), wanted),
                        boost::asio::bind_cancellation_slot(stop_feeding_->slot(),
                                                            base::completion(std::move(done))));
}

base::task<void> dialogue::feed(std::shared_ptr<dialogue> self, std::size_t wanted) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  auto const size = std::clamp<std::size_t>(wanted, 1, limits::stream_buffer_bytes);
  std::string frame(frame_head_bytes + size, '\0');
  auto const read = co_await self->read_body(boost::asio::buffer(frame) + frame_head_bytes);
  self->body_read_->set();
  self->feeding_ = feeding::writing;
  if (read.has_error()) {
    if (read.error() != base::errc::stopped) self->fail(fault::input, read.error());
  } else if (!self->unwanted_) {
    frame.resize(frame_head_bytes + *read);
    frame.replace(0, frame_head_bytes, body_frame_head(*read));
    trace::recorder const trace(self->trace_sink_.get());
    trace(trace::stdin_bytes{std::string_view(frame).substr(frame_head_bytes)});
    self->report(trace::record_passed::to_application, 'B', *read);
    self->body_left_ -= std::min<std::uint64_t>(self->body_left_, *read);
    co_await write(self, std::move(frame));
  }
  self->feeding_ = feeding::none;
}

base::task<base::result<std::size_t>> dialogue::read_body(boost::asio::mutable_buffer into) {
  while (input_.file) {
    auto const got = ::read(input_.file.get(), into.data(), into.size());
    if (got >= 0) co_return static_cast<std::size_t>(got);
    if (errno != EINTR) co_return base::last_error();
  }
  if (input_.body == nullptr || body_left_ == 0) co_return std::size_t{0};
  if (worker_) worker_.connection().clear_deadline();
  auto const read = co_await input_.body->read_some(into);
  co_return read;
}

}  // namespace gatehouse::wsgi
