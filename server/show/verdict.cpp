#include "gatehouse/show/verdict.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/gateway/script_response.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/head_parts.hpp"
#include "gatehouse/show/application_text.hpp"

namespace gatehouse::show {
namespace {

using std::chrono::microseconds;

// What the worker that has the request does; empty if there is none.
std::string worker_text(trace::recording const& of) {
  auto const who = worker_of(of);
  return who.empty() || of.done ? std::string() : "the worker " + who + " has it";
}

// What the process of an exchange does, or how it ended; empty if there is none.
std::string process_text(trace::recording const& of) {
  if (!of.pid) return worker_text(of);
  auto const process = "process " + std::to_string(*of.pid) + " ";
  if (!of.end) return process + (of.done ? "still runs" : "runs");
  int const status = of.end->wait_status;
  if (WIFSIGNALED(status)) {
    bool const deaf = of.end->stopped && WTERMSIG(status) == SIGKILL;
    return process + "was ended by " + signal_name(WTERMSIG(status)) +
           (deaf ? ", because it did not heed SIGTERM" : "");
  }
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
  if (reason == "reader-timeout") return "the client took nothing for too long";
  if (reason == "body-timeout") return "the request's body stopped coming";
  if (reason == "body-too-slow") return "the request's body came too slowly";
  return reason.empty() ? "the answer was cut short" : std::string(reason);
}

std::string length_text(wrong_length const& wrong) {
  return "promised " + base::bytes_text(wrong.promised) + ", printed " +
         (wrong.at_least ? "at least " : "") + std::to_string(wrong.printed);
}

// What went wrong behind an answer, in a few words.
std::string late_failure_text(trace::recording const& of) {
  if (ended_badly(of)) return brief_end(of.end->wait_status);
  bool const told = of.exception || (of.asked && of.asked->worker_has_ended);
  if (told) return brief_failure(of);
  if (auto const wrong = wrong_length_of(of)) return length_text(*wrong);
  auto const failed = std::find_if(of.remarks.begin(), of.remarks.end(),
                                   [](trace::recorded_remark const& r) { return r.failed; });
  if (failed == of.remarks.end()) return brief_reason(of.reason);
  return failed->reason == "script-failed-late" ? "its output was not whole"
                                                : brief_reason(failed->reason);
}

std::string half_failure_text(trace::recording const& of) {
  if (auto const fault = raw_fault_of(of); fault && !ended_badly(of)) {
    if (!fault->length) return "no status line; the script writes the whole response itself";
    return status_text(of) + " by the script itself, then failed: " + length_text(*fault->length);
  }
  auto const wrong = wrong_length_of(of);
  bool const only_too_long = wrong && wrong->printed > wrong->promised && of.complete;
  if (!only_too_long || ended_badly(of))
    return status_text(of) + ", then failed: " + late_failure_text(of);
  return status_text(of) + ", but too much: " + length_text(*wrong);
}

std::string after(std::optional<microseconds> const& time) {
  return time ? " after " + brief_time(*time) : std::string();
}

std::string failure_text(trace::recording const& of) {
  auto const cause = brief_failure(of);
  return (of.error ? status_text(of.error->status) : status_text(of)) + after(of.times.ended) +
         (cause.empty() ? cause : ": " + cause);
}

// The header block that a script has printed, if it is sound.
std::optional<gateway::response_head> sound_head(std::string_view block) {
  if (block.empty()) return std::nullopt;
  auto head = gateway::parse_response_head(block);
  if (head.has_error()) return std::nullopt;
  return std::move(*head);
}

std::optional<gateway::response_head> head_of_output(trace::recording const& of) {
  return sound_head(std::string_view(of.standard_output.bytes).substr(0, of.header_block_size));
}

std::string local_redirect_in(std::optional<gateway::response_head> const& head) {
  bool const local = head && head->kind == gateway::response_kind::local_redirect;
  return local ? head->location : std::string();
}

// The response's head, whoever has written it.
std::string_view head_of_response(trace::recording const& of) {
  if (of.response_head.size > 0) return of.response_head.bytes;
  if (!writes_whole_response(of)) return {};
  std::string_view const all = of.response_body.bytes;
  for (std::string_view const end : {"\r\n\r\n", "\n\n"}) {
    if (auto const found = all.find(end); found != std::string_view::npos)
      return all.substr(0, found + end.size());
  }
  return {};
}

// The Content-Length of a head that frames its content by it.
std::optional<std::uint64_t> length_in(std::string_view head) {
  std::optional<std::uint64_t> out;
  for (auto const& line : http::field_lines(head)) {
    auto const text = head.substr(line.start, line.end - line.start);
    auto const name = text.substr(0, text.find(':'));
    if (http::iequals(name, "Transfer-Encoding")) return std::nullopt;
    if (http::iequals(name, "Content-Length"))
      out =
          http::parse_decimal(http::trim_ows(text.substr(std::min(name.size() + 1, text.size()))));
  }
  return out;
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
  if (!of.complete || wrong_length_of(of) || raw_fault_of(of)) return outcome::answered_then_failed;
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
      return status_text(of) + ", still sending";
    case outcome::answered:
      return status_text(of) + after(of.times.ended) +
             (writes_whole_response(of) ? "; the script writes the whole response itself" : "");
    case outcome::failed:
      return failure_text(of);
    case outcome::answered_then_failed:
      return half_failure_text(of);
    case outcome::client_left:
      break;
  }
  auto const left = of.times.client_left ? of.times.client_left : of.times.ended;
  return with_process("the client left" + after(left), of);
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

std::string status_text(trace::recording const& of) {
  std::string_view const head = of.response_head.size > 0   ? of.response_head.bytes
                                : writes_whole_response(of) ? of.response_body.bytes
                                                            : std::string_view();
  auto const line = head.substr(0, head.find_first_of("\r\n"));
  auto const rest = line.substr(std::min(line.find(' '), line.size()));
  auto const code = std::to_string(of.status);
  if (!line.starts_with("HTTP/") || !rest.starts_with(" " + code)) return status_text(of.status);
  auto const phrase = http::trim_ows(rest.substr(1 + code.size()));
  return phrase.empty() ? status_text(of.status) : code + " " + std::string(phrase);
}

bool ended_badly(trace::recording const& of) {
  return of.end && of.end->wait_status != 0 && !of.end->stopped;
}

bool answer_is_whole(trace::recording const& of) {
  bool const client_is_slow = of.reason.starts_with("reader-");
  return of.complete || (of.framing == "none" && !of.client_left && !client_is_slow);
}

std::optional<wrong_length> wrong_length_of(trace::recording const& of) {
  if (!std::any_of(of.remarks.begin(), of.remarks.end(), is_about_length)) return std::nullopt;
  auto const head = head_of_output(of);
  if (!head || !head->content_length) return std::nullopt;
  auto const printed = of.standard_output.size - of.header_block_size;
  bool const over = printed > *head->content_length;
  return wrong_length{*head->content_length, printed, over && (!of.end || of.end->stopped)};
}

bool writes_whole_response(trace::recording const& of) {
  return of.script && !of.error && of.framing.empty() && of.response_body.size > 0;
}

std::optional<raw_fault> raw_fault_of(trace::recording const& of) {
  if (!of.done || !of.complete || !writes_whole_response(of)) return std::nullopt;
  std::string_view const all = of.response_body.bytes;
  if (!all.starts_with("HTTP/"))
    return raw_fault{std::string(all.substr(0, all.find_first_of("\r\n"))), std::nullopt};
  bool const has_content =
      !(of.request && of.request->is_head()) && of.status != 204 && of.status != 304;
  auto const head = head_of_response(of);
  auto const promised = has_content ? length_in(head) : std::nullopt;
  auto const printed = of.response_body.size - head.size();
  if (!promised || *promised == printed) return std::nullopt;
  return raw_fault{{}, wrong_length{*promised, printed}};
}

std::string local_redirect_of(trace::recording const& of) {
  return local_redirect_in(head_of_output(of));
}

std::string local_redirect_of(trace::redirecting_script const& of) {
  return local_redirect_in(sound_head(of.header_block));
}

}  // namespace gatehouse::show
