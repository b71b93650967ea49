#include "gatehouse/trace/log_sink.hpp"

#include <string>

#include "gatehouse/base/log.hpp"

namespace gatehouse::trace {
namespace {

constexpr std::size_t shown_bytes = 400;

bool is_bytes(event what) {
  return what == event::stdin_bytes || what == event::stdout_bytes || what == event::response_bytes;
}

}  // namespace

void log_sink::record(event what, std::string_view text, std::string_view note) {
  std::string line;
  if (is_bytes(what)) line = std::to_string(text.size()) + " bytes: ";
  line.append(text.substr(0, shown_bytes));
  if (text.size() > shown_bytes) line += " ...";
  if (!note.empty()) line.append(" (").append(note).append(")");
  base::log::write(base::log::level::trace, name_of(what), line);
}

std::string_view name_of(event what) {
  switch (what) {
    case event::request_head:
      return "request-head";
    case event::meta_variable:
      return "meta-variable";
    case event::process_started:
      return "process-started";
    case event::stdin_bytes:
      return "stdin-bytes";
    case event::stdout_bytes:
      return "stdout-bytes";
    case event::stderr_line:
      return "stderr-line";
    case event::process_ended:
      return "process-ended";
    case event::response_head:
      return "response-head";
    case event::response_bytes:
      return "response-bytes";
  }
  return "event";
}

}  // namespace gatehouse::trace
