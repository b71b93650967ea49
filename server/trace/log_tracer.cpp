#include "gatehouse/trace/log_tracer.hpp"

#include <array>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::trace {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<event>> names = {"request-head",
                                                                            "request-parsed",
                                                                            "routed",
                                                                            "script-found",
                                                                            "meta-variable",
                                                                            "program",
                                                                            "application",
                                                                            "queued",
                                                                            "application-asked",
                                                                            "record-passed",
                                                                            "application-raised",
                                                                            "worker-ended",
                                                                            "process-started",
                                                                            "stdin-bytes",
                                                                            "stdout-bytes",
                                                                            "header-line",
                                                                            "header-block",
                                                                            "remark",
                                                                            "stderr-line",
                                                                            "process-ended",
                                                                            "failed",
                                                                            "response-head",
                                                                            "response-bytes",
                                                                            "ended"};

std::string first_of(std::string_view text) {
  std::string out(text.substr(0, base::limits::log_trace_bytes));
  if (text.size() > base::limits::log_trace_bytes) out += " ...";
  return out;
}

std::string counted(std::string_view bytes, std::uint64_t size) {
  return std::to_string(size) + " bytes: " + first_of(bytes);
}

std::string with_note(std::string_view text, std::string_view note) {
  auto out = first_of(text);
  if (!note.empty()) out.append(" (").append(note).append(")");
  return out;
}

std::string microseconds_text(std::chrono::microseconds time) {
  return std::to_string(time.count()) + " us";
}

struct line_maker {
  std::string operator()(request_head const& e) const { return first_of(e.bytes); }
  std::string operator()(request_parsed const& e) const {
    return first_of(e.request.method + " " + e.request.target.path);
  }
  std::string operator()(routed const& e) const {
    return std::string(e.prefix) + "/ is mapped to the " + std::string(e.serves) + " " +
           std::string(e.target);
  }
  std::string operator()(script_found const& e) const {
    return with_note(e.file, "SCRIPT_NAME " + std::string(e.script_name));
  }
  std::string operator()(variable const& e) const {
    return with_note(std::string(e.name) + "=" + std::string(e.value),
                     std::string(e.from) + ", " + std::string(e.clause));
  }
  std::string operator()(program_described const& e) const {
    std::string words;
    for (auto const& word : e.arguments) words.append(words.empty() ? "" : " ").append(word);
    return with_note(words, e.directory);
  }
  std::string operator()(application_described const& e) const {
    return std::string(e.protocol) + " " + first_of(e.name);
  }
  std::string operator()(queued const& e) const { return microseconds_text(e.time); }
  std::string operator()(application_asked const& e) const {
    auto const what = std::string(e.protocol) + " at " + std::string(e.address);
    if (e.worker != 0) return what + ", worker " + std::to_string(e.worker);
    return what + (e.kept ? ", kept connection" : ", new connection");
  }
  std::string operator()(record_passed const& e) const {
    bool const there = e.way == record_passed::to_application;
    return std::string(e.type) + (there ? " to it, " : " from it, ") + std::to_string(e.length) +
           " bytes";
  }
  std::string operator()(application_raised const& e) const { return first_of(e.sentence); }
  std::string operator()(worker_ended const& e) const {
    return e.wait_status ? "wait status " + std::to_string(*e.wait_status) : std::string();
  }
  std::string operator()(process_started const& e) const {
    auto pid = "pid " + std::to_string(e.pid);
    if (!e.warm) return pid;
    if (e.warm->took) return pid + ", warm in " + microseconds_text(*e.warm->took);
    return with_note(pid + ", cold", e.warm->why_cold);
  }
  std::string operator()(stdin_bytes const& e) const { return counted(e.bytes, e.bytes.size()); }
  std::string operator()(stdout_bytes const& e) const { return counted(e.bytes, e.bytes.size()); }
  std::string operator()(header_line const& e) const {
    return "bytes " + std::to_string(e.start) + " to " + std::to_string(e.end) + ": " +
           std::string(e.meaning);
  }
  std::string operator()(header_block const& e) const { return std::to_string(e.size) + " bytes"; }
  std::string operator()(remark const& e) const { return with_note(e.text, e.reason); }
  std::string operator()(stderr_line const& e) const { return first_of(e.line); }
  std::string operator()(process_ended const& e) const {
    return "wait status " + std::to_string(e.wait_status);
  }
  std::string operator()(failed const& e) const {
    return with_note(std::to_string(e.error.status) + " " + std::string(e.error.reason),
                     e.error.detail);
  }
  std::string operator()(response_head const& e) const { return first_of(e.bytes); }
  std::string operator()(response_bytes const& e) const { return counted(e.bytes, e.sent); }
  std::string operator()(ended const& e) const {
    return std::to_string(e.record.status) + (e.record.complete      ? ", complete"
                                              : e.record.client_left ? ", the client left"
                                                                     : ", incomplete");
  }
};

class log_sink final : public sink {
 public:
  void record(event const& what) override {
    base::log::write(base::log::level::trace, name_of(what), line_of(what));
  }
};

}  // namespace

std::unique_ptr<sink> log_tracer::begin(http::exchange_context const&,
                                        std::optional<http::steady_time>) {
  return std::make_unique<log_sink>();
}

std::string_view name_of(event const& what) {
  return names[what.index()];
}

std::string line_of(event const& what) {
  return std::visit(line_maker{}, what);
}

}  // namespace gatehouse::trace
