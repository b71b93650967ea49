#pragma once
// The diagnostics log: lines for whoever runs the server, on standard error. Each line starts with
// a reason code that can be searched for. Text from clients and scripts is escaped here, once.
//
// On a terminal a line has the time of day alone, without the date, as the access log there has.

#include <string>
#include <string_view>

namespace gatehouse::base::log {

enum class level { trace, debug, info, warn, error, off };

void set_level(level lowest);
bool enabled(level l);

// Writes `reason: text`, and below it, if there is one, a shell command that mends what the text
// tells of: on an indented line of its own, so that it can be pasted. Does not wait
// for a full disk or a reader that has stopped reading: such lines are lost, and log-again tells
// how many when lines can be written again.
void write(level l, std::string_view reason, std::string_view text,
           std::string_view command = {}) noexcept;

// Writes `reason: who text`, about a program. Needs no memory of the caller, so that it can also
// tell of a lack of memory.
void write_about(level l, std::string_view reason, std::string_view who,
                 std::string_view text) noexcept;

// Writes `reason: who line`: what a program has printed. On a terminal, lines of one program that
// follow each other are one block: what stands before `line` is not repeated, and the line is
// indented instead.
void quote(level l, std::string_view reason, std::string_view who, std::string_view line) noexcept;

// Something else has been written to the terminal, which ends such a block.
void end_block() noexcept;

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
