#pragma once
// A recorder's sink that writes each event to the diagnostics log: `--log-level trace`.

#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::trace {

class log_sink final : public sink {
 public:
  // One line for each event; of bytes, their number and the first ones. Thread-safe.
  void record(event what, std::string_view text, std::string_view note) override;
};

// "request-head", "meta-variable", ...
std::string_view name_of(event what);

}  // namespace gatehouse::trace
