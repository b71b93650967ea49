#include "gatehouse/base/log.hpp"

#include <spdlog/details/os.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/log_output.hpp"

namespace gatehouse::base::log {
namespace {

spdlog::level::level_enum to_spdlog(level l) {
  switch (l) {
    case level::trace:
      return spdlog::level::trace;
    case level::debug:
      return spdlog::level::debug;
    case level::info:
      return spdlog::level::info;
    case level::warn:
      return spdlog::level::warn;
    case level::error:
      return spdlog::level::err;
    case level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

constexpr char const* indent = "    ";

std::string_view colour_of(spdlog::level::level_enum l) {
  if (l >= spdlog::level::err) return "\x1b[31m\x1b[1m";      // red, bold
  if (l == spdlog::level::warn) return "\x1b[33m\x1b[1m";     // yellow, bold
  return l == spdlog::level::info ? "\x1b[32m" : "\x1b[36m";  // green, cyan
}

// Lines for standard error, with the level in colour on a terminal.
class output_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  bool on_terminal() const { return on_terminal_; }

  // A line that `who` has printed, as a message or as one more line of its block.
  void quote(spdlog::level::level_enum l, std::string const& who, std::string const& line) {
    std::lock_guard const one_at_a_time(mutex_);
    if (on_terminal_ && block_of_ == who) return print(indent + line + '\n');
    std::string const text = who + ' ' + line;
    sink_it_({"gatehouse", l, text});
    block_of_ = who;
  }

  void end_block() {
    std::lock_guard const one_at_a_time(mutex_);
    block_of_.clear();
  }

 protected:
  void sink_it_(spdlog::details::log_msg const& message) override {
    block_of_.clear();
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::string const text(line.data(), line.size());
    print(coloured_ ? in_colour(message, text) : text);
  }
  void flush_() override {}

 private:
  static std::string in_colour(spdlog::details::log_msg const& message, std::string const& text) {
    auto const from = message.color_range_start;
    auto const to = message.color_range_end;
    if (to <= from) return text;
    return text.substr(0, from) + std::string(colour_of(message.level)) +
           text.substr(from, to - from) + "\x1b[m" + text.substr(to);
  }

  void print(std::string const& lines) {
    auto const news = output_.write(lines);
    if (news.lost > 0) report_lost(news.lost);
  }

  void report_lost(std::uint64_t lost) {
    std::string const what = "log-again: " + std::to_string(lost) + " lines were lost";
    spdlog::memory_buf_t line;
    formatter_->format({"gatehouse", spdlog::level::warn, what}, line);
    static_cast<void>(output_.write({line.data(), line.size()}));
  }

  log_output output_ = log_output::standard_error();
  bool on_terminal_ = spdlog::details::os::in_terminal(stderr);
  bool coloured_ = on_terminal_ && spdlog::details::os::is_color_terminal();
  std::string block_of_;  // whose line came last, if it was one of a program
};

struct outputs {
  outputs() {
    logger.set_pattern(sink->on_terminal() ? "%H:%M:%S %^%l%$ %v"
                                           : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    logger.set_error_handler([](std::string const&) {});
  }
  std::shared_ptr<output_sink> sink = std::make_shared<output_sink>();
  spdlog::logger logger{"gatehouse", sink};
};

outputs& the_log() {
  static outputs instance;
  return instance;
}

spdlog::logger& logger() {
  return the_log().logger;
}

}  // namespace

void set_level(level lowest) {
  logger().set_level(to_spdlog(lowest));
}

bool enabled(level l) {
  return logger().should_log(to_spdlog(l));
}

void write(level l, std::string_view reason, std::string_view text,
           std::string_view command) noexcept try {
  auto const sp = to_spdlog(l);
  if (!logger().should_log(sp)) return;
  auto const below = command.empty() ? std::string() : '\n' + (indent + log_escaped(command));
  logger().log(sp, "{}: {}{}", reason, log_escaped(text), below);
} catch (...) {  // no memory for the line
}

void write_about(level l, std::string_view reason, std::string_view who,
                 std::string_view text) noexcept try {
  auto const sp = to_spdlog(l);
  if (!logger().should_log(sp)) return;
  logger().log(sp, "{}: {} {}", reason, log_escaped(who), log_escaped(text));
} catch (...) {  // no memory for the line
}

void quote(level l, std::string_view reason, std::string_view who, std::string_view line) noexcept
    try {
  auto const sp = to_spdlog(l);
  if (!logger().should_log(sp)) return;
  the_log().sink->quote(sp, std::string(reason) + ": " + log_escaped(who), log_escaped(line));
} catch (...) {  // no memory for the line
}

void end_block() noexcept try {
  the_log().sink->end_block();
} catch (...) {  // a lock that cannot be had
}

}  // namespace gatehouse::base::log
