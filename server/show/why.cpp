#include "gatehouse/show/why.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/show/verdict.hpp"

namespace gatehouse::show {
namespace {

// What is left of a text behind its first lines.
std::string_view skip_lines(std::string_view text, std::size_t count) {
  for (; count > 0; --count) {
    auto const end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text;
}

// So many lines of what was printed, from this one on, which is counted from 1.
printed_excerpt lines_from(std::string_view printed, std::size_t first, std::size_t count) {
  auto const from = skip_lines(printed, first - 1);
  auto const size = from.size() - skip_lines(from, count).size();
  return {std::string(from.substr(0, size)), first, 0};
}

std::size_t lines_in(std::string_view text) {
  auto const ends = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return ends + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

bool is_text(std::string_view bytes) {
  return bytes.find('\0') == std::string_view::npos;
}

// The last lines that the script printed, if its output was kept and is text.
std::optional<printed_excerpt> last_output(trace::recording const& of) {
  auto const& printed = of.standard_output;
  if (printed.size == 0 || printed.cut() || !is_text(printed.bytes)) return std::nullopt;
  constexpr auto shown = base::limits::reason_output_lines;
  auto const lines = lines_in(printed.bytes);
  return lines_from(printed.bytes, lines > shown ? lines - shown + 1 : 1, shown);
}

// The script's header with this line of it marked; nothing if it has no such line.
std::optional<printed_excerpt> header_line(trace::recording const& of, std::string_view name) {
  std::string_view const printed = of.standard_output.bytes;
  for (auto const& line : of.header_lines) {
    auto const text = printed.substr(std::min(line.start, printed.size()), line.end - line.start);
    if (!http::iequals(http::trim_ows(text.substr(0, text.find(':'))), name)) continue;
    auto const number = lines_in(printed.substr(0, line.start)) + 1;
    constexpr auto shown = base::limits::reason_output_lines;
    auto out = lines_from(printed, number > shown ? number - shown + 1 : 1, shown);
    out.marked_line = number;
    return out;
  }
  return std::nullopt;
}

std::string sentence_of(std::string text) {
  if (text.empty()) return text;
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - ('a' - 'A'));
  if (!text.ends_with('.')) text += '.';
  return text;
}

// How the process ended, if that was not well; with a space in front.
std::string bad_end(trace::recording const& of) {
  if (!of.end || of.end->wait_status == 0) return {};
  return " It " + base::exit_text(of.end->wait_status) + ".";
}

why of_error(http::http_error const& error, trace::recording const& of) {
  why out{.title = "Why " + std::to_string(error.status),
          .sentence = error.help.explanation,
          .reason = std::string(error.reason),
          .detail = error.detail,
          .command = error.help.command,
          .output = {},
          .stderr_lines = error.help.stderr_lines};
  if (out.sentence.empty()) {
    out.sentence = "The answer is " + status_text(error.status) + ".";
    if (!error.detail.empty()) out.sentence += " " + sentence_of(error.detail);
  }
  auto const& help = error.help;
  if (!help.output_excerpt.empty()) {
    out.output = printed_excerpt{help.output_excerpt, help.excerpt_line, help.marked_line};
  } else {
    out.output = last_output(of);
  }
  return out;
}

// The script, or a handler, has answered with such a status by intent.
why of_status(trace::recording const& of) {
  why out{.title = "Why " + std::to_string(of.status)};
  out.output = header_line(of, "Status");
  if (out.output) {
    out.sentence = "The script itself answers " + status_text(of.status) +
                   ": it prints that in the Status line of its header.";
  } else if (of.script) {
    out.sentence = "The script itself answers " + status_text(of.status) + ".";
  } else {
    out.sentence = "The answer is " + status_text(of.status) + ".";
  }
  return out;
}

why of_wrong_length(wrong_length const& length, trace::recording const& of) {
  bool const under = length.printed < length.promised;
  why out{.title = "The answer was cut short"};
  out.sentence = "The script promised " + base::bytes_text(length.promised) +
                 " by its Content-Length, and printed " + base::bytes_text(length.printed) +
                 (under ? ", so the client got an answer with its end missing."
                        : ", so the rest was not sent.");
  out.sentence += bad_end(of);
  out.sentence +=
      " Leave Content-Length out, and the server finds the end by itself; or print the number of "
      "bytes, which is not the number of letters where these are not all ASCII.";
  out.output = header_line(of, "Content-Length");
  return out;
}

// The script has ended badly, after its answer had begun.
std::string late_end(trace::recording const& of) {
  bool const bad = of.end && of.end->wait_status != 0;
  if (of.complete) {
    return "The script answered, and then " +
           (bad ? base::exit_text(of.end->wait_status) : "failed") +
           ". The client got all that it printed, and cannot tell that something went wrong.";
  }
  auto const printed = base::bytes_text(of.response_body.size);
  return "The script " + (bad ? base::exit_text(of.end->wait_status) : "ended") +
         " before its answer was whole: the client got " + printed +
         " of content, and then a connection that was cut.";
}

std::string option_for(std::string_view reason) {
  if (reason == "script-timeout") return " --script-timeout says how long a script may be silent.";
  if (reason == "script-deadline") return " --script-deadline says how long a script may run.";
  return {};
}

why of_remark(trace::recorded_remark const& remark, trace::recording const& of) {
  why out{.title = of.complete ? "It answered, then failed" : "The answer was cut short",
          .sentence = {},
          .reason = remark.reason,
          .detail = remark.text};
  bool const ended_badly = of.end && of.end->wait_status != 0;
  out.sentence = remark.reason == "script-failed-late" && ended_badly
                     ? late_end(of)
                     : "The script " + remark.text + "." + option_for(remark.reason);
  out.output = last_output(of);
  return out;
}

why of_cut(trace::recording const& of) {
  why out{.title = "The answer was cut short", .sentence = {}, .reason = of.reason};
  auto const sent = base::bytes_text(of.response_body.size);
  out.sentence = "The client got " + sent + " of content, and not the rest.";
  if (of.reason == "reader-too-slow")
    out.sentence += " It took them more slowly than --min-rate allows.";
  if (of.reason == "body-too-slow")
    out.sentence += " It sent the request's body more slowly than --min-rate allows.";
  return out;
}

// What was done with the process of a client that left.
std::string process_after_client(trace::recording const& of) {
  if (!of.pid) return {};
  auto const process = " Process " + std::to_string(*of.pid);
  if (!of.end) return process + " has not ended yet.";
  return process + " " + base::exit_text(of.end->wait_status) +
         ": when its client leaves, a script is told to end by SIGTERM.";
}

why of_client_left(trace::recording const& of) {
  why out{.title = "The client left", .sentence = {}, .reason = "client-gone"};
  auto const when = of.times.ended ? " after " + brief_time(*of.times.ended) : std::string();
  out.sentence = "The client closed the connection" + when;
  out.sentence += of.times.response_began
                      ? ", when it had been sent " + base::bytes_text(of.response_body.size) +
                            " of the content."
                      : ", before there was an answer.";
  if (of.pid && of.standard_output.size == 0)
    out.sentence += " The script had printed nothing by then.";
  out.sentence += process_after_client(of);
  return out;
}

why late_failure(trace::recording const& of) {
  auto const remark = std::find_if(of.remarks.begin(), of.remarks.end(), [](auto const& r) {
    return r.failed || r.reason == "content-over-length";
  });
  if (auto const length = wrong_length_of(of)) {
    auto out = of_wrong_length(*length, of);
    if (remark != of.remarks.end()) {
      out.reason = remark->reason;
      out.detail = remark->text;
    }
    return out;
  }
  return remark != of.remarks.end() ? of_remark(*remark, of) : of_cut(of);
}

std::optional<why> account_of(trace::recording const& of) {
  switch (outcome_of(of)) {
    case outcome::waiting:
    case outcome::sending:
    case outcome::answered:
      return std::nullopt;
    case outcome::failed:
      return of.error ? of_error(*of.error, of) : of_status(of);
    case outcome::answered_then_failed:
      return late_failure(of);
    case outcome::client_left:
      break;
  }
  return of_client_left(of);
}

}  // namespace

std::optional<why> why_of(trace::recording const& of) {
  auto out = account_of(of);
  if (!out) return out;
  constexpr auto shown = base::limits::reason_stderr_lines;
  if (!of.standard_error.empty()) out->stderr_lines = of.standard_error.last(shown);
  auto& lines = out->stderr_lines;
  if (lines.size() > shown)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(shown));
  return out;
}

}  // namespace gatehouse::show
