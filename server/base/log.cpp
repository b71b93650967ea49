#include "gatehouse/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "gatehouse/base/escape.hpp"

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

spdlog::logger& logger() {
  static std::shared_ptr<spdlog::logger> const instance = [] {
    auto made = spdlog::stderr_color_mt("gatehouse");
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
