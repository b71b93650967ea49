#pragma once
// The recorder: each boundary that an exchange crosses reports here what went over it. The teaching
// views and `--log-level trace` are made of nothing else. A recorder may be null and never changes
// what happens.

#include <sys/types.h>

#include <string_view>

#include "gatehouse/http/exchange.hpp"

namespace gatehouse::trace {

enum class event {
  request_head,     // the raw bytes of the request head
  meta_variable,    // text: NAME=value, note: the part of the request and the clause it comes from
  process_started,  // text: the command, note: its working directory
  stdin_bytes,      // bytes given to the script
  stdout_bytes,     // raw bytes from the script
  stderr_line,      // one line of the script's stderr
  process_ended,    // text: how
  response_head,    // the raw bytes of the response head
  response_bytes,   // the content as it was sent, without framing
};

// Where events go. Called on the thread of the exchange, in order; must not block or throw.
class sink {
 public:
  virtual ~sink() = default;
  virtual void record(event what, std::string_view text, std::string_view note) = 0;
};

// The null-safe handle.
class recorder {
 public:
  explicit recorder(http::exchange_context const& context) : sink_(context.trace_sink) {}

  void operator()(event what, std::string_view text, std::string_view note = {}) const {
    if (sink_ != nullptr) sink_->record(what, text, note);
  }
  explicit operator bool() const { return sink_ != nullptr; }

 private:
  sink* sink_;
};

}  // namespace gatehouse::trace
