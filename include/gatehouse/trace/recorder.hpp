#pragma once
// How trace events are reported. Each step of an exchange reports what went over its boundary: the
// request's bytes, the variables, what the script printed. The inspector, `gatehouse explain`,
// `--trace` and `--log-level trace` are made of these events and of nothing else. Without a tracer
// there is no sink, and a report costs a comparison; a report never changes what happens.

#include <memory>
#include <optional>
#include <vector>

#include "gatehouse/trace/event.hpp"

namespace gatehouse::trace {

// Where one exchange's events go. Called on the thread of the exchange, in order; must not block or
// throw. Lives as long as the exchange, and as long as a script that the exchange leaves running:
// such a script still reports what it writes to stderr and how it ends.
class sink {
 public:
  virtual ~sink() = default;
  virtual void record(event const& what) = 0;

  // Whether it prints the lines of stderr to where the log goes, so that the log need not.
  virtual bool prints_stderr() const { return false; }
};

// Gives every exchange its sink. Thread-safe; outlives the sinks.
class tracer {
 public:
  virtual ~tracer() = default;

  // An exchange begins: the first byte of its head is there. connected: when the connection was
  // accepted, if this is its first exchange.
  virtual std::unique_ptr<sink> begin(http::exchange_context const& context,
                                      std::optional<http::steady_time> connected) = 0;
};

// Several tracers as one. They outlive it.
class tracers final : public tracer {
 public:
  void add(tracer& one) { all_.push_back(&one); }

  std::unique_ptr<sink> begin(http::exchange_context const& context,
                              std::optional<http::steady_time> connected) override;

 private:
  std::vector<tracer*> all_;
};

// What the steps report through; it does nothing if the exchange has no sink.
class recorder {
 public:
  explicit recorder(http::exchange_context const& context) : recorder(context.trace_sink.get()) {}
  // The sink may be null.
  explicit recorder(sink* to) : sink_(to) {}

  template <class Event>
  void operator()(Event const& what) const {
    if (sink_ != nullptr) sink_->record(event(what));
  }
  explicit operator bool() const { return sink_ != nullptr; }

 private:
  sink* sink_;
};

}  // namespace gatehouse::trace
