#pragma once
// The diagnostics log: lines for whoever runs the server, on standard error. Each line starts with
// a reason code that can be searched for. Text from clients and scripts is escaped here, once.

#include <string>
#include <string_view>

namespace gatehouse::base::log {

enum class level { trace, debug, info, warn, error, off };

void set_level(level lowest);
bool enabled(level l);

// Writes `reason: text`. Never throws; does not wait for a full disk or a reader that has stopped
// reading: such lines are lost, and log-again tells how many when lines can be written again.
void write(level l, std::string_view reason, std::string_view text);

inline void debug(std::string_view reason, std::string_view text) {
  if (enabled(level::debug)) write(level::debug, reason, text);
}
inline void info(std::string_view reason, std::string_view text) {
  write(level::info, reason, text);
}
inline void warn(std::string_view reason, std::string_view text) {
  write(level::warn, reason, text);
}
inline void error(std::string_view reason, std::string_view text) {
  write(level::error, reason, text);
}

}  // namespace gatehouse::base::log
