#include "gatehouse/show/verdict.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/gateway/script_response.hpp"

namespace gatehouse::show {
namespace {

using std::chrono::microseconds;

// "SIGTERM"
std::string signal_name(int signal) {
  char const* const name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

// "exit code 1", "killed by SIGSEGV"
std::string brief_end(int wait_status) {
  if (WIFEXITED(wait_status)) return "exit code " + std::to_string(WEXITSTATUS(wait_status));
  if (WIFSIGNALED(wait_status)) return "killed by " + signal_name(WTERMSIG(wait_status));
  return base::exit_text(wait_status);
}

// What the process of an exchange does, or how it ended; empty if there is none.
std::string process_text(trace::recording const& of) {
  if (!of.pid) return {};
  auto const process = "process " + std::to_string(*of.pid) + " ";
  if (!of.end) return process + (of.done ? "still runs" : "runs");
  int const status = of.end->wait_status;
  if (WIFSIGNALED(status)) return process + "was ended by " + signal_name(WTERMSIG(status));
  return process + base::exit_text(status);
}

std::string with_process(std::string text, trace::recording const& of) {
  auto const process = process_text(of);
  return process.empty() ? text : text.append("; ").append(process);
}

// What the reason code of a cut answer means, in a few words; the code itself where nothing is said
// of it here.
std::string brief_reason(std::string_view reason) {
  if (reason == "script-timeout") return "stopped, because it was silent for too long";
  if (reason == "script-deadline") return "stopped, because it ran for too long";
  if (reason == "reader-too-slow") return "the client read too slowly";
  if (reason == "body-too-slow") return "the request's body came too slowly";
  return reason.empty() ? "the answer was cut short" : std::string(reason);
}

// What went wrong behind an answer, in a few words.
std::string late_failure_text(trace::recording const& of) {
  if (auto const wrong = wrong_length_of(of)) {
    return "promised " + std::to_string(wrong->promised) + " bytes, printed " +
           std::to_string(wrong->printed);
  }
  auto const failed = std::find_if(of.remarks.begin(), of.remarks.end(),
                                   [](trace::recorded_remark const& r) { return r.failed; });
  if (failed == of.remarks.end()) return brief_reason(of.reason);
  bool const by_itself = failed->reason == "script-failed-late";
  if (by_itself && of.end && of.end->wait_status != 0) return brief_end(of.end->wait_status);
  return by_itself ? "its output was not whole" : brief_reason(failed->reason);
}

std::string after(trace::recording const& of) {
  return of.times.ended ? " after " + brief_time(*of.times.ended) : std::string();
}

bool is_about_length(trace::recorded_remark const& remark) {
  return remark.reason == "content-under-length" || remark.reason == "content-over-length";
}

}  // namespace

outcome outcome_of(trace::recording const& of) {
  if (of.client_left) return outcome::client_left;
  if (of.error) return outcome::failed;
  if (of.failed_late()) return outcome::answered_then_failed;
  if (!of.done) return of.times.response_began ? outcome::sending : outcome::waiting;
  if (!of.complete || wrong_length_of(of)) return outcome::answered_then_failed;
  return of.status >= 400 ? outcome::failed : outcome::answered;
}

std::string_view name_of(outcome what) {
  switch (what) {
    case outcome::waiting:
      return "waiting";
    case outcome::sending:
      return "sending";
    case outcome::answered:
      return "answered";
    case outcome::failed:
      return "failed";
    case outcome::answered_then_failed:
      return "answered_then_failed";
    case outcome::client_left:
      break;
  }
  return "client_left";
}

std::string_view kind_of(trace::recording const& of) {
  if (of.script || (of.route && of.route->runs_programs)) return "script";
  if (of.error) return "error";
  return of.route && of.route->serves == "files of" ? "file" : "other";
}

std::string verdict(trace::recording const& of) {
  switch (outcome_of(of)) {
    case outcome::waiting:
      return with_process("no answer yet", of);
    case outcome::sending:
      return status_text(of.status) + ", still sending";
    case outcome::answered:
      return status_text(of.status) + after(of);
    case outcome::failed:
      return status_text(of.error ? of.error->status : of.status) + after(of);
    case outcome::answered_then_failed:
      return status_text(of.status) + ", then failed: " + late_failure_text(of);
    case outcome::client_left:
      break;
  }
  return with_process("the client left" + after(of), of);
}

std::string brief_time(microseconds time) {
  auto const tenths = [](auto count) {
    return std::to_string(count / 10) + "." + std::to_string(count % 10);
  };
  auto const us = time.count();
  if (us < 10'000) return tenths((us + 50) / 100) + " ms";
  if (us < 999'500) return std::to_string((us + 500) / 1000) + " ms";
  return tenths((us + 50'000) / 100'000) + " s";
}

std::string status_text(unsigned status) {
  return std::to_string(status) + " " + std::string(http::reason_phrase(status));
}

std::optional<wrong_length> wrong_length_of(trace::recording const& of) {
  bool const remarked = std::any_of(of.remarks.begin(), of.remarks.end(), is_about_length);
  if (!remarked || of.header_block_size == 0) return std::nullopt;
  auto const head = gateway::parse_response_head(
      std::string_view(of.standard_output.bytes).substr(0, of.header_block_size));
  if (head.has_error() || !head->content_length) return std::nullopt;
  return wrong_length{*head->content_length, of.standard_output.size - of.header_block_size};
}

}  // namespace gatehouse::show
