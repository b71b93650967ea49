#include "gatehouse/remote/run.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/base/program_text.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/remote/failures.hpp"
#include "gatehouse/upstream/kept_connections.hpp"

namespace gatehouse::remote {

namespace limits = base::limits;

run::run(question what, rules const& by, http::exchange_context& context)
    : context_(&context),
      trace_sink_(context.trace_sink),
      rules_(by),
      what_(std::move(what)),
      search_(context.get_executor(), what_.whom, std::min(by.connecting, by.silence),
              [this] { on_late(); }),
      tail_([this](std::string_view line) { on_stderr_line(line); }),
      decoder_(what_.how, context.trace_sink.get(),
               [this](std::string_view bytes) { tail_.add(bytes); }) {
  if (rules_.deadline > std::chrono::steady_clock::duration::zero()) {
    deadline_.emplace(context_->get_executor(),
                      [this] { fail(fault::deadline, base::errc::timed_out); });
    deadline_->set(rules_.deadline);
  }
}

run::~run() {
  if (!connection_) return;
  connection_->end_request();
  release_program();
}

base::task<base::result<std::size_t>> run::read_output(boost::asio::mutable_buffer buffer) {
  while (true) {
    if (fault_ != fault::none) co_return failure_;
    if (!ahead_.empty()) co_return take_ahead(buffer);
    if (decoder_.has_left_over()) co_return decoder_.take_left_over(buffer);
    if (is_over()) co_return std::size_t{0};
    begin_waiting();
    auto const [ec, got] = co_await connection_->receive(buffer);
    end_waiting();
    auto const what = take(buffer, ec, got);
    if (fault_ != fault::none) co_return failure_;
    if (what.what == next::given) co_return what.size;
    if (what.what == next::read_on) continue;
    fresh_only_ = true;
    auto error = co_await ask();
    decoder_.restart();
    if (!error) continue;
    if (fault_ == fault::none) unasked_ = std::move(error);
    fail(fault::unasked, base::errc::stopped);
  }
}

base::task<base::result<std::optional<std::size_t>>> run::read_output_within(
    boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration limit) {
  bool over = false;
  base::deadline pause(context_->get_executor(), [&over, to = connection_] {
    over = true;
    to->stop_receiving();
  });
  pause.set(limit);
  while (!over) {
    if (auto const now = read_output_at_once(buffer)) co_return now;
    if (fault_ != fault::none) co_return failure_;
    begin_waiting();
    auto const [ec, got] = co_await connection_->receive_until_stopped(buffer);
    end_waiting();
    if (over && ec) break;
    auto const what = take(buffer, ec, got);
    if (fault_ != fault::none) co_return failure_;
    if (what.what == next::given) co_return std::optional(what.size);
  }
  co_return std::optional<std::size_t>();
}

std::optional<std::size_t> run::read_output_at_once(boost::asio::mutable_buffer buffer) {
  if (fault_ == fault::none && !ahead_.empty()) return take_ahead(buffer);
  return read_now(buffer);
}

std::optional<std::size_t> run::read_now(boost::asio::mutable_buffer buffer) {
  while (fault_ == fault::none) {
    if (decoder_.has_left_over()) return decoder_.take_left_over(buffer);
    if (is_over()) return std::size_t{0};
    auto const read = connection_->receive_now(buffer);
    if (read.has_value() && !read->has_value()) return std::nullopt;
    bool const end = read.has_value() && **read == 0;
    auto const ec = read.has_error() ? read.error()
                    : end            ? base::error_code(boost::asio::error::eof)
                                     : base::error_code{};
    auto const what = take(buffer, ec, read.has_value() ? **read : 0);
    if (what.what == next::ask_again) break;  // read_output() does.
    if (fault_ == fault::none && what.what == next::given) return what.size;
  }
  return std::nullopt;
}

// What came, or how the connection ended.
run::came run::take(boost::asio::mutable_buffer buffer, base::error_code const& ec,
                    std::size_t got) {
  if (fault_ != fault::none) return {next::given};
  if (ec) return connection_ended(buffer, ec);
  if (state_ == state::asked) {
    state_ = state::answering;
    waiting_ = {};
  }
  auto const output = decoder_.decode(static_cast<char*>(buffer.data()), got);
  if (decoder_.fault()) {
    fail(fault::record, base::errc::stopped);
    return {next::given};
  }
  if (decoder_.end()) return take_end(output);
  if (!waits_ && output > 0) connection_->set_deadline(limits::ahead_look_interval);
  return {output > 0 ? next::given : next::read_on, output};
}

run::came run::take_end(std::size_t output) {
  using fastcgi::protocol_status;
  tail_.end();
  auto const how = decoder_.end()->status;
  if (how == protocol_status::cant_mpx_conn && decoder_.is_silent() && !fresh_only_ &&
      feed_.was_not_needed()) {
    return {next::ask_again};
  }
  if (how != protocol_status::request_complete) {
    fail(fault::refused, base::errc::stopped);
    return {next::given};
  }
  state_ = state::ended;
  return {next::given, output};
}

run::came run::connection_ended(boost::asio::mutable_buffer buffer, base::error_code const& why) {
  bool const end = why == boost::asio::error::eof;
  base::error_code const error = end ? base::error_code{} : why;
  if (may_ask_again(error)) {
    asked_again_ = true;
    return {next::ask_again};
  }
  if (was_not_heard() || may_ask_another(error)) {
    what_.program.give_up();
    return {next::ask_again};
  }
  waiting_ = {};
  tail_.end();
  decoder_.end_of_connection();
  if (decoder_.is_silent() || base::is_shortage(error)) {
    fail(fault::closed, error ? error : base::errc::truncated);
    return {next::given};
  }
  bool const whole = what_.how != protocol::fastcgi && connection_->came_whole(error);
  state_ = whole ? state::ended : state::cut_short;
  return {next::given, decoder_.take_left_over(buffer)};
}

// The client is slow to take what came. What else there is of the answer is taken ahead of it.
void run::read_ahead() {
  while (ahead_.size() < limits::answer_ahead_bytes && fault_ == fault::none && !is_over()) {
    auto const before = ahead_.size();
    ahead_.resize(std::min(before + limits::stream_buffer_bytes, limits::answer_ahead_bytes));
    auto const got = read_now(boost::asio::buffer(ahead_) + before);
    ahead_.resize(before + got.value_or(0));
    if (!got) break;
  }
  if (is_over() && feed_.is_whole()) return let_go();
  bool const more = !is_over() && ahead_.size() < limits::answer_ahead_bytes;
  if (more && fault_ == fault::none) connection_->set_deadline(limits::ahead_look_interval);
}

std::size_t run::take_ahead(boost::asio::mutable_buffer into) {
  auto const size = std::min(ahead_.size() - ahead_taken_, into.size());
  std::memcpy(into.data(), ahead_.data() + ahead_taken_, size);
  ahead_taken_ += size;
  if (ahead_taken_ == ahead_.size()) {
    ahead_ = {};
    ahead_taken_ = 0;
    if (connection_ && !is_over()) connection_->set_deadline(limits::ahead_look_interval);
  }
  return size;
}

base::task<void> run::finish() {
  client_.reset();
  co_await feed_.end();
  if (connection_) {
    if (what_.how == protocol::fastcgi && state_ == state::answering && fault_ == fault::none)
      co_await wait_for_end();
    let_go();
  }
  waiting_ = {};
  deadline_.reset();
  tail_.end();
  if (decoder_.end()) context_->record.script_status = fastcgi::wait_status_of(*decoder_.end());
}

void run::let_go() {
  connection_->end_request();
  if (may_keep()) {
    upstream::kept_connections::of(context_->get_executor()).keep(std::move(connection_));
  } else if (state_ != state::ended && feed_.is_between_records()) {
    static_cast<void>(connection_->send_now(abort_of(what_.how)));
  }
  release_program();
  connection_.reset();
}

// One that still works for the request is busy until it has ended that.
void run::release_program() {
  if (!what_.program) return;
  context_->note_contention(nullptr);
  bool const goes_on = fault_ == fault::none || fault_ == fault::client || fault_ == fault::input;
  if (state_ == state::ended || fault_ == fault::refused) {
    what_.program.give_back();
  } else if (goes_on && state_ != state::cut_short) {
    what_.program.let_finish(connection_, feed_.is_whole() && !feed_due_, rules_.silence);
  } else {
    what_.program.give_up();
  }
}

// The content may be whole, by its length, before the end of the answer has come.
base::task<void> run::wait_for_end() {
  std::array<char, limits::small_read_bytes> buffer;
  auto const until = std::chrono::steady_clock::now() + limits::answer_end_wait;
  for (std::size_t surplus = 0; surplus <= limits::surplus_bytes;) {
    auto const left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) break;
    auto const read = co_await read_output_within(boost::asio::buffer(buffer), left);
    if (read.has_error() || read->value_or(0) == 0) break;
    surplus += **read;
  }
}

bool run::may_keep() const {
  return what_.how == protocol::fastcgi && fault_ == fault::none && state_ == state::ended &&
         decoder_.is_clean() && feed_.is_whole() && connection_->can_send();
}

// The first reason counts.
void run::fail(fault what, base::error_code const& why) {
  if (fault_ != fault::none) return;
  fault_ = what;
  failure_ = why;
  search_.cancel();
  if (connection_) connection_->cancel();
}

void run::on_late() {
  if (!waits_) return read_ahead();
  if (looked_ || rules_.silence <= first_look()) return fail(fault::silence, base::errc::timed_out);
  looked_ = true;
  watch_client();
  // Nobody may have turned to a new connection yet, because those that are kept occupy who would.
  if (state_ == state::asked && !connection_->was_idle()) {
    waiting_ = upstream::application::waiting(*what_.whom);
    what_.whom->close_idle(place_);
  }
  progressed();
}

// Most answers have come by then, and nothing more is to be done for them.
run::duration run::first_look() const {
  return connection_->was_idle() ? duration(limits::unwatched_time) : duration(limits::worker_wait);
}

void run::watch_client() {
  if (client_) return;
  client_ = context_->when_client_leaves([this] { fail(fault::client, base::errc::client_gone); });
}

void run::begin_waiting() {
  waits_ = true;
  progressed();
}

void run::end_waiting() {
  waits_ = false;
  connection_->clear_deadline();
}

// Its silence starts anew.
void run::progressed() {
  if (!waits_) return;
  connection_->set_deadline(looked_ ? rules_.silence : std::min(rules_.silence, first_look()));
}

void run::on_stderr_line(std::string_view line) const {
  if (!trace_sink_ || !trace_sink_->prints_stderr())
    base::log::quote(base::log::level::warn, "script-stderr", log_name(), line);
  trace::recorder const trace(trace_sink_.get());
  trace(trace::stderr_line{line});
}

std::string run::log_name() const {
  if (auto const& ours = what_.program.program())
    return base::program_text(what_.name, ours->pid());
  return what_.name + "[" + what_.whom->at(place_).text + "]";
}

gateway::program_end run::end_now() {
  using gateway::ending;
  gateway::program_end out;
  out.wrote_errors = !tail_.lines().empty();
  if (state_ == state::cut_short) {
    out.how = ending::broken;
    out.text = "closed the connection before its answer was whole";
  } else if (fault_ != fault::none) {
    out.how = ending::stopped;
  } else if (state_ == state::ended) {
    auto const& end = decoder_.end();
    bool const well = !end || end->app_status == 0;
    out.how = well ? ending::well : ending::failed;
    if (!well) out.text = "ended with status " + std::to_string(end->app_status);
  }
  return out;
}

http::http_error run::failure(base::error_code const& why) const {
  switch (fault_) {
    case fault::silence:
      return no_answer(what_.who, rules_.silence);
    case fault::deadline:
      return gateway::script_timeout(rules_.deadline, false);
    case fault::record:
      return bad_record(what_.who, *decoder_.fault());
    case fault::refused:
      return refused(what_.who, decoder_.end()->status);
    case fault::closed:
      return closed_early(what_.who, why == base::errc::truncated ? base::error_code{} : why);
    case fault::unasked:
      return *unasked_;
    case fault::client:
    case fault::input:
    case fault::none:
      break;
  }
  return gateway::pipe_failure(why);
}

base::task<http::diagnosis> run::diagnosis() {
  using gateway::ending;
  http::diagnosis out;
  auto const ours = what_.program.program();
  bool const left = fault_ == fault::closed || state_ == state::cut_short;
  if (ours && left) out = co_await diagnosis_of(context_->get_executor(), ours);
  out.file = what_.file;
  if (ours && left) co_return out;
  auto const ended = end_now();
  if (ended.how == ending::failed || ended.how == ending::broken)
    out.explanation = "The application " + ended.text + ".";
  out.stderr_lines = tail_.lines();
  co_return out;
}

}  // namespace gatehouse::remote
