#include "gatehouse/net/response_writer.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <ctime>
#include <functional>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/http/date.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::net {
namespace {

using boost::asio::const_buffer;

// RFC 9110, 6.4.1: responses with these statuses have no content, whatever the handler returned.
bool never_has_content(unsigned status) {
  return status < 200 || status == 204 || status == 304;
}

// The value of Date, which each thread makes once a second. The coarse clock costs a tenth of the
// exact one and is never ahead of it.
std::string_view current_date() {
  thread_local std::time_t at = 0;
  thread_local std::string text;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != at || text.empty()) {
    at = now.tv_sec;
    text = http::format_date(std::chrono::sys_seconds(std::chrono::seconds(at)));
  }
  return text;
}

std::string_view name_of(framing how) {
  switch (how) {
    case framing::counted:
      return "content-length";
    case framing::chunked:
      return "chunked";
    case framing::until_close:
      return "until close";
    case framing::none:
      break;
  }
  return "none";
}

// Sends one response to its client.
class sender {
 public:
  sender(client_stream& client, http::exchange_context& context, framing how, duration limit)
      : client_(client), record_(context.record), trace_(context), how_(how), limit_(limit) {}

  base::task<base::error_code> send_head(std::string_view head) {
    trace_(trace::response_head{head, name_of(how_)});
    auto const error = co_await send_rest(head, {}, 0);
    co_return error;
  }

  // Writes head and content at once, and returns how much of them the socket took. Small content is
  // copied behind the head, because one buffer costs the kernel less than two.
  std::uint64_t send_at_once(std::string& head, std::string_view content) {
    trace_(trace::response_head{head, name_of(how_)});
    auto const whole = head.size() + content.size();
    std::uint64_t written = 0;
    if (content.size() <= base::limits::joined_content_bytes) {
      auto const head_size = head.size();
      written = client_.write_at_once(head.append(content));
      head.resize(head_size);
    } else {
      std::array const buffers{const_buffer(head.data(), head.size()),
                               const_buffer(content.data(), content.size())};
      written = client_.write_at_once(buffers);
    }
    if (written == whole) count_content(content, content.size());
    return written;
  }

  // Writes what is left of a head and its content.
  base::task<base::error_code> send_rest(std::string_view head, std::string_view content,
                                         std::uint64_t written) {
    auto const of_head = std::min<std::uint64_t>(written, head.size());
    std::array buffers{const_buffer(head.data(), head.size()) + of_head,
                       const_buffer(content.data(), content.size()) + (written - of_head)};
    auto const error = co_await client_.write(buffers, limit_, written);
    note_sent(head, content, written);
    co_return error;
  }

  base::task<base::error_code> send_file(std::string_view head, http::file_slice const& slice) {
    trace_(trace::response_head{head, name_of(how_)});
    auto const begun = client_.write_at_once(head, client_stream::more_follows{slice.length > 0});
    auto const failed = co_await send_rest(head, {}, begun);
    if (failed) co_return failed;
    std::uint64_t written = 0;
    file_report report{slice};
    std::function<void()> progress;
    if (trace_) progress = [&] { report_progress(report, written); };
    auto const error = co_await client_.send_file(slice.file->get(), slice.offset, slice.length,
                                                  limit_, written, progress);
    record_.body_bytes_sent += written;
    if (trace_) show_file(report, written);
    co_return error;
  }

  // The source's bytes, framed as planned, with the head (which may be empty) in front of the first
  // ones if these are at hand.
  base::task<base::error_code> send_stream(std::string_view head, http::stream& stream,
                                           response_plan const& plan) {
    if (stream.source->available() == 0 && !head.empty()) {
      if (auto const error = co_await send_head(head)) co_return error;
      head = {};
    }
    // Most content is short, and there already. The allocator gives a large buffer back to the
    // system each time, so that it is made only for what follows.
    auto const ready = stream.source->available();
    bool const is_short = ready > 0 && ready < base::limits::small_read_bytes;
    auto size = is_short ? base::limits::small_read_bytes : base::limits::stream_buffer_bytes;
    auto buffer = std::make_unique_for_overwrite<char[]>(size);
    auto left = plan.length;
    std::size_t surplus = 0;
    while (surplus <= base::limits::surplus_bytes) {
      auto const read = co_await stream.source->read_some(boost::asio::buffer(buffer.get(), size));
      if (read.has_error()) co_return read.error();
      if (*read == 0) break;
      auto content = std::string_view(buffer.get(), *read);
      if (left && content.size() > *left) {
        if (surplus == 0) {
          base::log::warn("content-over-length",
                          http::script_prefix(record_) +
                              "the content is longer than its Content-Length; the rest is cut");
        }
        surplus += content.size() - static_cast<std::size_t>(*left);
        content = content.substr(0, *left);
      }
      if (left) *left -= content.size();
      if (content.empty() && head.empty()) continue;
      // If the body has already ended, its last chunk is sent with the head and the content.
      bool const last = !head.empty() && plan.how == framing::chunked && stream.source->has_ended();
      if (auto const error = co_await send_piece(head, content, plan.how, last)) co_return error;
      if (last) co_return base::error_code{};
      head = {};
      if (size == base::limits::stream_buffer_bytes || left == 0U) continue;
      size = base::limits::stream_buffer_bytes;
      buffer = std::make_unique_for_overwrite<char[]>(size);
    }
    if (left.value_or(0) > 0) co_return base::errc::truncated;
    auto const error = co_await send_end(head, plan.how);
    co_return error;
  }

 private:
  base::task<base::error_code> send_piece(std::string_view head, std::string_view content,
                                          framing how, bool last) {
    if (!head.empty()) trace_(trace::response_head{head, name_of(how_)});
    std::array<char, 20> size_line;
    std::size_t size_line_length = 0;
    if (how == framing::chunked && !content.empty()) {
      auto* const end =
          std::to_chars(size_line.data(), size_line.data() + 16, content.size(), 16).ptr;
      size_line_length = static_cast<std::size_t>(end - size_line.data());
      size_line[size_line_length++] = '\r';
      size_line[size_line_length++] = '\n';
    }
    bool const framed = size_line_length > 0;
    std::string_view const end = !framed ? "" : last ? "\r\n0\r\n\r\n" : "\r\n";
    std::array buffers{
        const_buffer(head.data(), head.size()), const_buffer(size_line.data(), size_line_length),
        const_buffer(content.data(), content.size()), const_buffer(end.data(), end.size())};
    std::uint64_t written = 0;
    auto const error = co_await client_.write(buffers, limit_, written);
    auto const overhead = head.size() + size_line_length;
    if (!record_.first_byte && written > 0) record_.first_byte = std::chrono::steady_clock::now();
    count_content(content, written > overhead ? written - overhead : 0);
    co_return error;
  }

  base::task<base::error_code> send_end(std::string_view head, framing how) {
    std::string_view const last = how == framing::chunked ? "0\r\n\r\n" : "";
    std::array buffers{const_buffer(head.data(), head.size()),
                       const_buffer(last.data(), last.size())};
    std::uint64_t written = 0;
    auto const error = co_await client_.write(buffers, limit_, written);
    co_return error;
  }

  // How much of a file has been reported, and when that was.
  struct file_report {
    http::file_slice const& slice;
    std::uint64_t sent = 0;
    std::chrono::steady_clock::time_point at{};
  };

  // A file may take long to be sent, and the waits for its client are many.
  void report_progress(file_report& report, std::uint64_t sent) {
    if (base::coarse_now() - report.at >= base::limits::file_report_interval)
      show_file(report, sent);
  }

  // Reports to the recorder how much more of a file was sent, and what that is as long as it is
  // among the first bytes. The kernel has sent the file, so they have to be read for this.
  void show_file(file_report& report, std::uint64_t sent) {
    auto const kept = std::min<std::uint64_t>(sent, base::limits::traced_bytes);
    std::string shown(kept - std::min<std::uint64_t>(kept, report.sent), '\0');
    auto const& slice = report.slice;
    auto const got = ::pread(slice.file->get(), shown.data(), shown.size(),
                             static_cast<off_t>(slice.offset + report.sent));
    shown.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    trace_(trace::response_bytes{shown, sent - report.sent});
    report.sent = sent;
    report.at = base::coarse_now();
  }

  void note_sent(std::string_view head, std::string_view content, std::uint64_t written) {
    if (!record_.first_byte && written > 0) record_.first_byte = std::chrono::steady_clock::now();
    count_content(content, written > head.size() ? written - head.size() : 0);
  }

  void count_content(std::string_view content, std::uint64_t sent) {
    auto const size = std::min<std::uint64_t>(content.size(), sent);
    record_.body_bytes_sent += size;
    if (size > 0) trace_(trace::response_bytes{content.substr(0, size), size});
  }

  client_stream& client_;
  http::exchange_record& record_;
  trace::recorder trace_;
  framing how_;
  duration limit_;
};

// Reads and drops what a script prints for an answer that has no content.
base::task<base::error_code> drop_stream(http::stream& stream) {
  std::array<char, base::limits::small_read_bytes> buffer;
  for (std::size_t surplus = 0; surplus <= base::limits::surplus_bytes;) {
    auto const read = co_await stream.source->read_some(boost::asio::buffer(buffer));
    if (read.has_error()) co_return read.error();
    if (*read == 0) break;
    surplus += *read;
  }
  co_return base::error_code{};
}

// The content, if it is in memory whole; empty for none.
std::optional<std::string_view> content_in_memory(http::body const& body) {
  if (std::holds_alternative<std::monostate>(body)) return std::string_view();
  if (auto const* const bytes = std::get_if<http::shared_buffer>(&body)) return **bytes;
  return std::nullopt;
}

std::string_view sent_part(std::string_view content, response_plan const& plan) {
  return plan.how == framing::none ? std::string_view() : content;
}

}  // namespace

response_plan plan_response(http::response const& response, http::request const* request,
                            bool keep_alive) {
  response_plan plan;
  plan.keep_alive = keep_alive && !response.close;
  if (response.raw) {
    plan.how = framing::until_close;
    plan.keep_alive = false;
    return plan;
  }
  auto const length =
      response.unsent_length ? response.unsent_length : http::body_length(response.body);
  bool const head_only = request != nullptr && request->is_head();
  if (never_has_content(response.status)) return plan;
  plan.length = length;
  if (head_only) return plan;
  if (length) {
    plan.how = framing::counted;
  } else if (request != nullptr && request->minor_version >= 1) {
    plan.how = framing::chunked;
  } else {
    plan.how = framing::until_close;
    plan.keep_alive = false;
  }
  return plan;
}

namespace {

void append_head(std::string& head, http::response const& response, response_plan const& plan,
                 http::request const* request, std::string_view date) {
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(response.phrase.empty() ? http::reason_phrase(response.status) : response.phrase);
  head.append("\r\n");
  if (!response.fields.contains("Date")) head.append("Date: ").append(date).append("\r\n");
  if (!response.fields.contains("Server"))
    head.append("Server: gatehouse/" GATEHOUSE_VERSION "\r\n");
  response.fields.append_lines(head);
  if (response.field_lines) head.append(*response.field_lines);
  if (plan.how == framing::chunked) {
    head.append("Transfer-Encoding: chunked\r\n");
  } else if (plan.length && plan.how != framing::until_close) {
    head.append("Content-Length: ").append(std::to_string(*plan.length)).append("\r\n");
  }
  bool const http_1_0 = request != nullptr && request->minor_version == 0;
  if (!plan.keep_alive) {
    head.append("Connection: close\r\n");
  } else if (http_1_0) {
    head.append("Connection: keep-alive\r\n");
  }
  head.append("\r\n");
}

}  // namespace

std::string response_head(http::response const& response, response_plan const& plan,
                          http::request const* request, std::string_view date) {
  std::string head;
  head.reserve(512);
  append_head(head, response, plan, request, date);
  return head;
}

// Makes the head in a buffer of the thread, and copies it only if it cannot be sent at once.
begun_response begin_response(client_stream& client, http::response const& response,
                              response_plan const& plan, http::request const* request,
                              http::exchange_context& context) {
  thread_local std::string head;
  head.clear();
  begun_response begun;
  if (!response.raw) append_head(head, response, plan, request, current_date());
  if (auto const content = content_in_memory(response.body)) {
    sender out(client, context, plan.how, duration::zero());
    begun.written = out.send_at_once(head, sent_part(*content, plan));
    begun.whole = begun.written == head.size() + sent_part(*content, plan).size();
    context.record.complete = begun.whole;
  }
  if (!begun.whole) begun.head = head;
  return begun;
}

base::task<base::error_code> finish_response(client_stream& client, begun_response const& begun,
                                             http::response& response, response_plan const& plan,
                                             http::exchange_context& context,
                                             duration progress_limit) {
  sender out(client, context, plan.how, progress_limit);
  std::string_view const head = begun.head;
  auto* const stream = std::get_if<http::stream>(&response.body);
  auto const* const slice = std::get_if<http::file_slice>(&response.body);
  base::error_code error;
  if (auto const content = content_in_memory(response.body)) {
    error = co_await out.send_rest(head, sent_part(*content, plan), begun.written);
  } else if (plan.how == framing::none) {
    error = co_await out.send_head(head);
    if (!error && stream != nullptr) error = co_await drop_stream(*stream);
  } else if (stream != nullptr) {
    error = co_await out.send_stream(head, *stream, plan);
  } else {
    error = co_await out.send_file(head, *slice);
  }
  context.record.complete = !error;
  co_return error;
}

base::task<base::error_code> write_response(client_stream& client, http::response& response,
                                            response_plan const& plan, http::request const* request,
                                            http::exchange_context& context,
                                            duration progress_limit) {
  auto const begun = begin_response(client, response, plan, request, context);
  if (begun.whole) co_return base::error_code{};
  auto const error =
      co_await finish_response(client, begun, response, plan, context, progress_limit);
  co_return error;
}

}  // namespace gatehouse::net
