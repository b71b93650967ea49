#include "gatehouse/remote/body_feed.hpp"

#include <unistd.h>

#include <algorithm>
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
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::remote {
namespace {

class file_body final : public http::body_source {
 public:
  explicit file_body(base::unique_fd file) : file_(std::move(file)) {}
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override {
    while (true) {
      auto const got = ::read(file_.get(), buffer.data(), buffer.size());
      if (got >= 0) co_return static_cast<std::size_t>(got);
      if (errno != EINTR) co_return base::last_error();
    }
  }

 private:
  base::unique_fd file_;
};

}  // namespace

struct body_feed::state {
  state(protocol p, std::shared_ptr<upstream::connection> c)
      : how(p), to(std::move(c)), done(to->get_executor()) {}

  void stop() {
    unwanted = true;
    tell = {};
    cancel.emit(boost::asio::cancellation_type::all);
  }

  protocol how;
  std::shared_ptr<upstream::connection> to;
  std::string first;
  http::body_source* body = nullptr;  // null: only `first` is to be written
  std::uint64_t left = 0;             // of the body
  std::unique_ptr<http::body_source> owned;
  base::budget::part spooled;
  std::shared_ptr<trace::sink> trace;
  events tell;
  base::event done;
  boost::asio::cancellation_signal cancel;
  bool unwanted = false;
  enum class progress {
    between_records,
    within_record,
    whole
  } progress = progress::between_records;
};

body_feed::~body_feed() {
  if (state_) state_->stop();
}

void body_feed::begin(protocol how, std::shared_ptr<upstream::connection> to, std::string first,
                      gateway::input_plan* input, std::shared_ptr<trace::sink> trace, events tell) {
  state_ = std::make_shared<state>(how, std::move(to));
  auto& s = *state_;
  s.first = std::move(first);
  s.trace = std::move(trace);
  s.tell = std::move(tell);
  if (input != nullptr) {
    s.owned = input->file ? std::make_unique<file_body>(std::move(input->file))
                          : std::move(input->buffered);
    s.body = s.owned ? s.owned.get() : input->body;
    s.left = input->length.value_or(0);
    s.spooled = std::move(input->spooled);
  }
  // The signal's owner is shared for as long as Asio has the handler.
  base::completion after_feeding([of = state_](bool failed) {
    if (failed && of->tell.failed) of->tell.failed({ENOMEM, boost::system::system_category()});
    of->done.set();
  });
  boost::asio::co_spawn(
      s.to->get_executor(), feed(state_),
      boost::asio::bind_cancellation_slot(s.cancel.slot(), std::move(after_feeding)));
}

base::task<void> body_feed::end() {
  auto const s = state_;
  if (s) {
    s->stop();
    co_await s->done.wait();
  }
}

bool body_feed::is_whole() const {
  return !state_ || state_->progress == state::progress::whole;
}

bool body_feed::is_between_records() const {
  return !state_ || state_->progress != state::progress::within_record;
}

base::task<void> body_feed::feed(std::shared_ptr<state> s) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  bool const begun = s->first.empty() || co_await write(s, s->first);
  if (!begun) co_return;
  if (s->body == nullptr) {
    s->progress = state::progress::whole;
    co_return;
  }
  auto const error = co_await feed_body(s);
  if (error && s->tell.failed) s->tell.failed(error);
}

// An application that closes the connection, or does not read on, has answered without the rest:
// that is no error of the body.
base::task<base::error_code> body_feed::feed_body(std::shared_ptr<state> s) {
  auto const room =
      std::make_unique_for_overwrite<char[]>(most_before + most_of_body + most_behind);
  char* const piece = room.get() + most_before;
  trace::recorder const trace(s->trace.get());
  while (!s->unwanted) {
    auto const read = co_await s->body->read_some(boost::asio::buffer(piece, most_of_body));
    if (read.has_error()) {
      co_return s->unwanted ? base::error_code{} : read.error();
    }
    if (*read > 0) trace(trace::stdin_bytes{{piece, *read}});
    s->left -= std::min<std::uint64_t>(s->left, *read);
    bool const last = *read == 0 || s->left == 0;
    auto const framed = frame_body(s->how, piece, *read, last ? more_body::ends : more_body::comes);
    report_sent(s->how, framed, 0, trace);
    bool const written = co_await write(s, framed);
    if (!written) co_return base::error_code{};
    if (last) s->progress = state::progress::whole;
    if (last) co_return base::error_code{};
  }
  co_return base::error_code{};
}

// Writes all of the bytes; false if nobody takes them any more.
base::task<bool> body_feed::write(std::shared_ptr<state> s, std::string_view bytes) {
  s->progress = state::progress::within_record;
  while (!bytes.empty()) {
    if (s->unwanted) co_return false;
    auto const [ec, put] = co_await s->to->send(bytes);
    if (ec) {
      s->to->cannot_send(ec);
      if (!upstream::is_closed_by_peer(ec) && s->tell.failed) s->tell.failed(ec);
      co_return false;
    }
    bytes.remove_prefix(put);
    if (s->tell.progressed) s->tell.progressed();
  }
  s->progress = state::progress::between_records;
  co_return true;
}

base::task<base::result<std::string>> framed_body(protocol how, gateway::input_plan const& input,
                                                  trace::sink* trace) {
  std::array<char, most_before + base::limits::small_body_bytes + most_behind> room;
  char* const body = room.data() + most_before;
  auto const length = static_cast<std::size_t>(*input.length);
  std::size_t filled = 0;
  while (filled < length) {
    auto const read =
        co_await input.body->read_some(boost::asio::buffer(body + filled, length - filled));
    if (read.has_error()) co_return read.error();
    if (*read == 0) break;
    filled += *read;
  }
  trace::recorder const report(trace);
  report(trace::stdin_bytes{{body, filled}});
  co_return std::string(frame_body(how, body, filled, more_body::ends));
}

}  // namespace gatehouse::remote
