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

std::string_view colour_of(spdlog::level::level_enum l) {
  if (l >= spdlog::level::err) return "\x1b[31m\x1b[1m";      // red, bold
  if (l == spdlog::level::warn) return "\x1b[33m\x1b[1m";     // yellow, bold
  return l == spdlog::level::info ? "\x1b[32m" : "\x1b[36m";  // green, cyan
}

// Lines for standard error, with the level in colour on a terminal.
class output_sink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(spdlog::details::log_msg const& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::string const text(line.data(), line.size());
    auto const news = output_.write(coloured_ ? in_colour(message, text) : text);
    if (news.lost > 0) tell(news.lost);
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

  void tell(std::uint64_t lost) {
    std::string const what = "log-again: " + std::to_string(lost) + " lines were lost";
    spdlog::memory_buf_t line;
    formatter_->format({"gatehouse", spdlog::level::warn, what}, line);
    static_cast<void>(output_.write({line.data(), line.size()}));
  }

  log_output output_ = log_output::standard_error();
  bool coloured_ =
      spdlog::details::os::in_terminal(stderr) && spdlog::details::os::is_color_terminal();
};

spdlog::logger& logger() {
  static std::shared_ptr<spdlog::logger> const instance = [] {
    auto made = std::make_shared<spdlog::logger>("gatehouse", std::make_shared<output_sink>());
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    made->set_error_handler([](std::string const&) {});
    return made;
  }();
  return *instance;
}

}  // namespace

void set_level(level lowest) {
  logger().set_level(to_spdlog(lowest));
}

bool enabled(level l) {
  return logger().should_log(to_spdlog(l));
}

void write(level l, std::string_view reason, std::string_view text) {
  auto const sp = to_spdlog(l);
  if (!logger().should_log(sp)) return;
  logger().log(sp, "{}: {}", reason, log_escaped(text));
}

}  // namespace gatehouse::base::log
