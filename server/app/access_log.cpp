#include "gatehouse/app/access_log.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <charconv>
#include <chrono>
#include <ctime>
#include <utility>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/show/inspector.hpp"
#include "gatehouse/show/terminal.hpp"

namespace gatehouse::app {
namespace {

// The target for the log, without a query of the inspector, because that has the token.
std::string_view target_of(http::request const& request) {
  std::string_view const raw = request.target.raw;
  bool const inspector = http::path_below(request.target.path, show::inspector_prefix).has_value();
  return inspector ? raw.substr(0, raw.find('?')) : raw;
}

using std::chrono::system_clock;

// A thread writes many lines within a second, so it keeps what strftime(3) made of that second.
class second_text {
 public:
  second_text(char const* format, bool utc) : format_(format), utc_(utc) {}

  std::string const& operator()(system_clock::time_point when) {
    std::time_t const second = system_clock::to_time_t(when);
    if (second == second_ && !text_.empty()) return text_;
    std::tm parts{};
    if (utc_) {
      ::gmtime_r(&second, &parts);
    } else {
      ::localtime_r(&second, &parts);
    }
    std::array<char, 64> buffer{};
    text_.assign(buffer.data(), std::strftime(buffer.data(), buffer.size(), format_, &parts));
    second_ = second;
    return text_;
  }

 private:
  char const* format_;
  bool utc_;
  std::time_t second_ = 0;
  std::string text_;
};

double milliseconds_between(http::steady_time from, http::steady_time to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

std::string fixed(double value, int digits) {
  std::array<char, 64> buffer{};
  auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, digits);
  return {buffer.data(), end.ptr};
}

std::string field_or(http::request const* request, std::string_view name,
                     std::string_view otherwise) {
  auto const value = request != nullptr ? request->fields.find(name) : std::nullopt;
  return value ? base::log_field_escaped(*value) : std::string(otherwise);
}

std::string status_or_dash(unsigned status) {
  return status == 0 ? "-" : std::to_string(status);
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":").append(json);
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  std::string const valid = base::valid_utf8(text);
  append_member(out, name,
                base::json_for_terminals(boost::json::serialize(boost::json::string_view(valid))));
}

void append_field(std::string& out, std::string_view name, http::request const& request,
                  std::string_view field) {
  if (auto const value = request.fields.find(field)) append_text(out, name, *value);
}

std::string script_json(http::exchange_record const& record) {
  std::string out = "{";
  append_member(out, "pid", std::to_string(record.script_pid));
  if (record.script_status && WIFEXITED(*record.script_status)) {
    append_member(out, "exit", std::to_string(WEXITSTATUS(*record.script_status)));
  } else if (record.script_status && WIFSIGNALED(*record.script_status)) {
    append_member(out, "signal", std::to_string(WTERMSIG(*record.script_status)));
  }
  if (record.started_warm) append_member(out, "warm", "true");
  return out + '}';
}

// 17 B, 1.5 kB, 230 MB: three digits at most.
std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  for (std::string_view const unit : {" kB", " MB", " GB"}) {
    value /= 1000;
    if (value < 999.5 || unit == " GB") {
      return fixed(value, value < 9.95 ? 1 : 0).append(unit);
    }
  }
  return {};
}

std::string human_time(double milliseconds) {
  if (milliseconds < 9.95) return fixed(milliseconds, 1) + " ms";
  if (milliseconds < 9950) return fixed(milliseconds, 0) + " ms";
  return fixed(milliseconds / 1000, 1) + " s";
}

std::string script_text(http::exchange_record const& record) {
  std::string out = "pid " + std::to_string(record.script_pid);
  if (!record.script_status) return out;
  int const status = *record.script_status;
  if (WIFEXITED(status)) return out + " exit " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return out + " signal " + std::to_string(WTERMSIG(status));
  return out;
}

void log_lost_lines(std::uint64_t lost) {
  base::log::warn("access-log-again", std::to_string(lost) + " lines were lost");
}

std::string_view status_colour(unsigned status) {
  if (status >= 500 || status == 0) return "\x1b[31m";  // red
  if (status >= 400) return "\x1b[33m";                 // yellow
  if (status >= 300) return "\x1b[36m";                 // cyan
  return "\x1b[32m";                                    // green
}

}  // namespace

std::string combined_line(http::request const* request, http::exchange_record const& record,
                          http::peer const& client) {
  thread_local second_text time("%d/%b/%Y:%H:%M:%S %z", false);
  std::string out = client.address();
  out.append(" - - [").append(time(record.received_at)).append("] \"");
  if (request == nullptr) {
    out += '-';
  } else {
    out.append(base::log_field_escaped(request->method)).append(" ");
    out.append(base::log_field_escaped(target_of(*request))).append(" ").append(request->version());
  }
  out.append("\" ").append(status_or_dash(record.status)).append(" ");
  out += record.body_bytes_sent == 0 ? "-" : std::to_string(record.body_bytes_sent);
  out.append(" \"").append(field_or(request, "Referer", "-"));
  out.append("\" \"").append(field_or(request, "User-Agent", "-")).append("\"");
  return out;
}

std::string json_line(http::request const* request, http::exchange_record const& record,
                      http::peer const& client) {
  thread_local second_text time("%Y-%m-%dT%H:%M:%S", true);
  std::string out = "{";
  auto const since_epoch = record.received_at.time_since_epoch();
  auto const fraction = since_epoch - std::chrono::floor<std::chrono::seconds>(since_epoch);
  auto const ms = std::chrono::floor<std::chrono::milliseconds>(fraction).count();
  std::string const digits = std::to_string(1000 + ms).substr(1);
  append_text(out, "time", time(record.received_at) + '.' + digits + 'Z');
  append_text(out, "remote", client.address());
  if (request != nullptr) {
    append_text(out, "method", request->method);
    append_text(out, "target", target_of(*request));
    append_text(out, "protocol", request->version());
  }
  if (record.status != 0) append_member(out, "status", std::to_string(record.status));
  append_member(out, "bytes", std::to_string(record.body_bytes_sent));
  if (request != nullptr) {
    append_field(out, "referer", *request, "Referer");
    append_field(out, "user_agent", *request, "User-Agent");
    append_field(out, "host", *request, "Host");
  }
  if (!record.reason.empty()) append_text(out, "reason", record.reason);
  if (record.script_pid != 0) append_member(out, "script", script_json(record));
  if (!record.application.empty()) append_text(out, "application", record.application);
  if (record.queued) {
    append_member(out, "queued_ms",
                  fixed(std::chrono::duration<double, std::milli>(*record.queued).count(), 3));
  }
  if (record.first_byte) {
    append_member(out, "first_byte_ms",
                  fixed(milliseconds_between(record.started, *record.first_byte), 3));
  }
  if (record.ended) {
    append_member(out, "total_ms", fixed(milliseconds_between(record.started, *record.ended), 3));
  }
  append_member(out, "complete", record.complete ? "true" : "false");
  return out + '}';
}

std::string terminal_line(http::request const* request, http::exchange_record const& record,
                          http::peer const& client, bool coloured) {
  thread_local second_text time("%H:%M:%S", false);
  auto const paint = [&](std::string_view colour, std::string_view text) {
    std::string out;
    if (coloured) out += colour;
    out += text;
    if (coloured) out += "\x1b[0m";
    return out;
  };
  constexpr std::string_view dim = "\x1b[2m";
  std::string out = paint(dim, time(record.received_at)) + ' ';
  if (!client.is_local()) out += client.address() + ' ';
  if (request == nullptr) {
    out += "(no request)";
  } else {
    out += base::log_escaped(request->method) + ' ' + base::log_escaped(target_of(*request));
  }
  out += ' ' + paint(status_colour(record.status), status_or_dash(record.status));
  if (!record.reason.empty()) out += ' ' + base::log_escaped(record.reason);
  std::string rest = human_bytes(record.body_bytes_sent);
  if (record.ended) rest += ", " + human_time(milliseconds_between(record.started, *record.ended));
  if (record.script_pid != 0) rest += ", " + script_text(record);
  if (!record.complete) rest += ", cut short";
  return out + ' ' + paint(dim, rest);
}

base::result<access_log> access_log::open(std::string_view destination, config::log_format format) {
  access_log log;
  if (destination == "off") return log;
  log.style_ = format == config::log_format::json ? style::json : style::combined;
  log.destination_ = destination;
  if (destination == "-") {
    if (format == config::log_format::combined && ::isatty(STDERR_FILENO) == 1) {
      log.style_ = show::shows_colours(STDERR_FILENO) ? style::coloured_terminal : style::terminal;
    }
    log.output_ = base::log_output::standard_error();
    return log;
  }
  auto output = base::log_output::open(log.destination_);
  if (output.has_error()) return output.error();
  log.output_ = std::move(*output);
  return log;
}

access_log::~access_log() {
  if (output_.unreported() > 0) log_lost_lines(output_.unreported());
}

void access_log::write(http::request const* request, http::exchange_context const& context) noexcept
    try {
  std::string line;
  switch (style_) {
    case style::off:
      return;
    case style::combined:
      line = combined_line(request, context.record, context.client());
      break;
    case style::json:
      line = json_line(request, context.record, context.client());
      break;
    case style::terminal:
    case style::coloured_terminal:
      base::log::end_block();
      line = terminal_line(request, context.record, context.client(),
                           style_ == style::coloured_terminal);
      break;
  }
  line += '\n';
  auto const news = output_.write(line);
  if (news.failing) {
    base::log::error("access-log-lost", destination_ + ": " + news.failing->message() +
                                            "; lines are lost from now on");
  }
  if (news.lost > 0) log_lost_lines(news.lost);
} catch (...) {  // no memory for the line
}

}  // namespace gatehouse::app
