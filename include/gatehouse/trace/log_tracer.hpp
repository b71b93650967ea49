#pragma once
// Writes each event to the diagnostics log: `--log-level trace`.

#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::trace {

class log_tracer final : public tracer {
 public:
  // One line for each event; of bytes, their number and the first ones.
  std::unique_ptr<sink> begin(http::exchange_context const& context,
                              std::optional<http::steady_time> connected) override;
};

// "request-head", "meta-variable", ...
std::string_view name_of(event const& what);

// The event in one line, of long bytes only the first. Control characters are in it as they came.
// Pure.
std::string line_of(event const& what);

}  // namespace gatehouse::trace
