#include "gatehouse/gateway/output_body.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::gateway {
output_body::output_body(std::unique_ptr<responder> program, std::string first,
                         content_framing framing, http::exchange_context& context)
    : program_(std::move(program)),
      framing_(framing),
      context_(context),
      decoder_(std::numeric_limits<std::uint64_t>::max()) {
  (framing_.chunked ? encoded_ : ready_) = std::move(first);
}

base::task<base::result<output_body::beginning>> output_body::begin(
    std::chrono::steady_clock::duration limit) {
  auto const until = std::chrono::steady_clock::now() + limit;
  while (true) {
    if (framing_.chunked && !encoded_.empty()) {
      ready_.resize(base::limits::small_read_bytes);
      auto const decoded = decode(boost::asio::buffer(ready_));
      ready_.resize(decoded.has_value() ? *decoded : 0);
      if (decoded.has_error()) co_return decoded.error();
    }
    if (available() > 0) co_return beginning::content;
    if (output_ended_ && framing_.chunked && !decoder_.done()) co_return base::errc::truncated;
    if (output_ended_ || decoder_.done()) co_return beginning::end;
    auto const left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) co_return beginning::later;
    auto& into = framing_.chunked ? encoded_ : ready_;
    auto const before = into.size();
    into.resize(before + base::limits::small_read_bytes);
    auto const read =
        co_await program_->read_output_within(boost::asio::buffer(into) + before, left);
    into.resize(before + (read.has_value() ? read->value_or(0) : 0));
    if (read.has_error()) co_return read.error();
    output_ended_ = read->has_value() && **read == 0;
  }
}

base::task<base::result<std::size_t>> output_body::read_some(boost::asio::mutable_buffer buffer) {
  while (true) {
    base::result<std::size_t> got = take_ready(buffer);
    if (*got == 0 && framing_.chunked) {
      got = co_await read_chunks(buffer);
    } else if (*got == 0) {
      got = co_await program_->read_output(buffer);
    }
    if (got.has_error()) {
      log_read_failure(got.error());
      co_return got;
    }
    if (*got == 0) {
      auto const end = co_await end_of_content();
      co_return end;
    }
    if (auto const wanted = within_length(*got); wanted > 0) co_return wanted;
    // Surplus output is read and dropped so that the script can end by itself, up to a limit.
    if (printed_ - *framing_.length > base::limits::surplus_bytes) co_return std::size_t{0};
  }
}

bool output_body::has_ended() {
  // If the program says by its framing where the content ends, the end is found by reading.
  if (available() > 0 || framing_.chunked || framing_.length) return false;
  ready_.resize(base::limits::small_read_bytes);
  taken_ = 0;
  auto const got = program_->read_output_at_once(boost::asio::buffer(ready_));
  ready_.resize(got.value_or(0));
  if (!got || *got > 0) return false;
  // Only the program's end says whether the answer is a whole one.
  auto const how = program_->end_now().how;
  return how == ending::well || how == ending::failed;
}

base::task<void> output_body::finish() {
  co_await program_->finish();
  log_surplus();
  auto const end = program_->end_now();
  if (end.how == ending::failed || end.how == ending::broken)
    log_failure("script-failed-late", end.text, end.remark, answer::whole);
}

// Returns the next decoded bytes; 0 when the last chunk and the surplus behind it were read.
base::task<base::result<std::size_t>> output_body::read_chunks(boost::asio::mutable_buffer buffer) {
  for (std::size_t surplus = 0; surplus <= base::limits::surplus_bytes;) {
    auto const decoded = decode(buffer);
    if (decoded.has_error() || *decoded > 0 || output_ended_) co_return decoded;
    auto const before = encoded_.size();
    encoded_.resize(before + base::limits::small_read_bytes);
    auto const read = co_await program_->read_output(boost::asio::buffer(encoded_) + before);
    encoded_.resize(before + (read.has_value() ? *read : 0));
    if (read.has_error()) co_return read.error();
    output_ended_ = *read == 0;
    if (!decoder_.done()) continue;
    surplus += encoded_.size();
    encoded_.clear();
  }
  co_return std::size_t{0};
}

base::result<std::size_t> output_body::decode(boost::asio::mutable_buffer buffer) {
  if (decoder_.done()) return std::size_t{0};
  auto const step = decoder_.decode(encoded_, static_cast<char*>(buffer.data()), buffer.size());
  if (step.has_error()) return base::errc::truncated;
  encoded_.erase(0, step->consumed);
  return step->produced;
}

// Returns 0, or errc::truncated if the program did not bring its content to the end.
base::task<base::result<std::size_t>> output_body::end_of_content() {
  bool const by_its_framing = framing_.length ? printed_ >= *framing_.length : decoder_.done();
  if (framing_.discarded || by_its_framing) co_return std::size_t{0};
  auto const end = co_await program_->end();
  bool const failed = end.how == ending::failed || end.how == ending::broken;
  std::string const ended_so = failed ? "; it " + end.text : "";
  if (framing_.length) {
    log_failure("content-under-length",
                "promised " + std::to_string(*framing_.length) + ", printed " +
                    std::to_string(printed_) + ended_so,
                end.remark, answer::cut_short);
  } else if (framing_.chunked) {
    log_failure("script-failed-late", "ended within its chunks" + ended_so, end.remark,
                answer::cut_short);
  } else if (end.how == ending::broken) {
    log_failure("script-failed-late", end.text, end.remark, answer::cut_short);
  } else {
    co_return std::size_t{0};
  }
  co_return base::errc::truncated;
}

std::size_t output_body::take_ready(boost::asio::mutable_buffer buffer) {
  auto const size = std::min(available(), buffer.size());
  std::memcpy(buffer.data(), ready_.data() + taken_, size);
  taken_ += size;
  return size;
}

// Counts what was printed, and returns how much of it is within the promised length.
std::size_t output_body::within_length(std::size_t printed) {
  auto const before = printed_;
  printed_ += printed;
  if (framing_.discarded || !framing_.length) return printed;
  auto const left = *framing_.length - std::min(before, *framing_.length);
  return static_cast<std::size_t>(std::min<std::uint64_t>(printed, left));
}

// Logs a failed read as the program's failure, unless its client or the request's body is to blame.
void output_body::log_read_failure(base::error_code const& why) {
  if (why == base::errc::truncated) {
    return log_failure("script-failed-late", "printed chunks that are none (RFC 9112, 7.1)", {},
                       answer::cut_short);
  }
  auto const failure = program_->failure(why);
  if (failure.status >= 500)
    log_failure(failure.reason, "was stopped: " + failure.detail, {}, answer::cut_short);
}

void output_body::log_failure(std::string_view reason, std::string const& what,
                              std::string const& remark, answer given) {
  if (std::exchange(failure_logged_, true)) return;
  bool const cut = given == answer::cut_short;
  std::string text = "answered, then failed: it " + what;
  if (cut && !framing_.discarded) text += "; the answer is cut short";
  if (!remark.empty()) text += ". " + remark;
  if (cut) context_.record.reason = reason;
  trace::recorder const trace(context_);
  trace(trace::remark{reason, text, true});
  base::log::write(cut ? base::log::level::warn : base::log::level::info, reason,
                   program_->log_name() + " " + text);
}

void output_body::log_surplus() const {
  if (framing_.discarded || !framing_.length || printed_ <= *framing_.length) return;
  std::string const text = "promised " + std::to_string(*framing_.length) + ", printed " +
                           std::to_string(printed_) + "; the rest is cut";
  trace::recorder const trace(context_);
  trace(trace::remark{"content-over-length", text});
  base::log::warn("content-over-length", program_->log_name() + " " + text);
}

}  // namespace gatehouse::gateway
