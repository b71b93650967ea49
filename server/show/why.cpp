#include "gatehouse/show/why.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/show/application_text.hpp"
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

// The script's header with this line of it marked; nothing if it has no such line. Of several, the
// last one counts.
std::optional<printed_excerpt> header_line(trace::recording const& of, std::string_view name) {
  std::string_view const printed = of.standard_output.bytes;
  auto const is_named = [&](trace::recorded_line const& line) {
    auto const text = printed.substr(std::min(line.start, printed.size()), line.end - line.start);
    return http::iequals(http::trim_ows(text.substr(0, text.find(':'))), name);
  };
  auto const line = std::find_if(of.header_lines.rbegin(), of.header_lines.rend(), is_named);
  if (line == of.header_lines.rend()) return std::nullopt;
  auto const number = lines_in(printed.substr(0, line->start)) + 1;
  constexpr auto shown = base::limits::reason_output_lines;
  auto out = lines_from(printed, number > shown ? number - shown + 1 : 1, shown);
  out.marked_line = number;
  return out;
}

// A script has sent the request to where this error is the answer.
void tell_redirect(why& to, trace::recording const& of) {
  auto const where = local_redirect_of(of);
  if (where.empty() || !of.script) return;
  to.sentence += " The script " + of.script->script_name +
                 " has sent the request there, by the Location that it printed: " + where + ".";
  if (to.output && to.output->marked_line == 0) to.output = header_line(of, "Location");
}

why of_error(http::http_error const& error, trace::recording const& of) {
  why out{.title = "Why " + std::to_string(error.status),
          .sentence = error.help.explanation,
          .reason = std::string(error.reason),
          .detail = error.detail,
          .command = error.help.command,
          .output = {},
          .stderr_lines = error.help.stderr_lines,
          .traceback = error.help.traceback};
  if (out.sentence.empty()) out.sentence = http::sentence_for(error);
  auto const& help = error.help;
  if (!help.output_excerpt.empty()) {
    out.output = printed_excerpt{help.output_excerpt, help.excerpt_line, help.marked_line};
  } else {
    out.output = last_output(of);
  }
  tell_redirect(out, of);
  return out;
}

// The script, or a handler, has answered with such a status by intent.
why of_status(trace::recording const& of) {
  why out{.title = "Why " + std::to_string(of.status)};
  out.output = header_line(of, "Status");
  if (out.output) {
    bool const called = of.application && of.application->protocol == "WSGI";
    out.sentence = std::string(subject_of(of)) + " itself answers " + status_text(of) +
                   (called ? ": it calls start_response() with that."
                           : ": it prints that in the Status line of its header.");
    if (called) out.output.reset();
    if (auto const logged = exception_of(of))
      out.sentence += " It has logged " + logged->sentence + ".";
  } else if (of.script || is_in_memory(of)) {
    out.sentence = std::string(subject_of(of)) + " itself answers " + status_text(of) + ".";
  } else {
    out.sentence = "The answer is " + status_text(of) + ".";
  }
  return out;
}

constexpr std::string_view length_advice =
    " Leave Content-Length out, and the server finds the end by itself; or print the number of "
    "bytes, which is not the number of letters where these are not all ASCII.";

std::string printed_text(wrong_length const& length) {
  return (length.at_least ? "at least " : "") + base::bytes_text(length.printed);
}

// More was printed than promised, or less; each is told apart from what the client got.
why of_wrong_length(wrong_length const& length, trace::recording const& of) {
  why out;
  auto const promised = base::bytes_text(length.promised);
  out.sentence = std::string(subject_of(of)) + " promised " + promised +
                 " by its Content-Length, and printed " + printed_text(length);
  if (length.printed < length.promised) {
    out.title = "The answer was cut short";
    out.sentence += ", so the client got an answer with its end missing.";
  } else {
    out.title = "It printed more than it promised";
    out.sentence += ". The client got the " + promised +
                    " that were promised, a whole answer to it; the rest was left out.";
    if (of.end && of.end->stopped)
      out.sentence += " The server stopped the script, which went on printing.";
  }
  out.sentence += length_advice;
  out.output = header_line(of, "Content-Length");
  return out;
}

// What a script that writes the whole response has done wrong.
why of_raw_fault(raw_fault const& fault, trace::recording const& of) {
  why out;
  std::string const itself =
      "Because the script's name begins with nph-, it writes the whole response itself, and what "
      "it prints goes to the client as it is. ";
  if (!fault.length) {
    out.title = "The response has no status line";
    out.sentence = itself +
                   "It has to begin with a status line, such as HTTP/1.1 200 OK; many "
                   "clients refuse what they got instead.";
    out.output = lines_from(of.standard_output.bytes, 1, base::limits::reason_output_lines);
    if (!is_text(of.standard_output.bytes)) out.output.reset();
    if (out.output) out.output->marked_line = 1;
    return out;
  }
  bool const under = fault.length->printed < fault.length->promised;
  out.title = under ? "The answer was cut short" : "It printed more than it promised";
  out.sentence = itself + "It promised " + base::bytes_text(fault.length->promised) +
                 " by its Content-Length, and printed " + printed_text(*fault.length) +
                 (under ? ": the client got an answer with its end missing."
                        : ": a client takes what was promised, and not the rest.");
  return out;
}

// What the client has of an answer behind which the script failed.
std::string whole_answer_text(trace::recording const& of) {
  if (of.framing == "none") return "The client got the head of the answer, which is all of it";
  auto const length = wrong_length_of(of);
  if (length && length->printed > length->promised) {
    return "The client got the " + base::bytes_text(length->promised) +
           " that the Content-Length promised";
  }
  return "The client got all that it printed";
}

// The script has ended badly, or without an end of its content, after its answer had begun.
std::string late_end(trace::recording const& of) {
  auto const ended = base::exit_text(of.end->wait_status);
  if (answer_is_whole(of)) {
    return "The script answered, and then " + ended + ". " + whole_answer_text(of) +
           ", and cannot tell that something went wrong.";
  }
  auto const length = wrong_length_of(of);
  return "The script " + ended + " before its answer was whole: the client got " +
         base::bytes_text(of.response_body.size) + " of content" +
         (length ? " of the " + base::bytes_text(length->promised) + " that were promised" : "") +
         ", and then a connection that was cut.";
}

std::string option_for(std::string_view reason) {
  if (reason == "script-timeout") return " --script-timeout says how long a script may be silent.";
  if (reason == "script-deadline") return " --script-deadline says how long a script may run.";
  return {};
}

std::string_view half_title(trace::recording const& of) {
  return answer_is_whole(of) ? "It answered, then failed" : "The answer was cut short";
}

why of_remark(trace::recorded_remark const& remark, trace::recording const& of) {
  why out{.title = std::string(half_title(of)),
          .sentence = {},
          .reason = remark.reason,
          .detail = remark.text};
  out.sentence = ended_badly(of) ? late_end(of)
                                 : std::string(subject_of(of)) + " " + remark.text + "." +
                                       option_for(remark.reason);
  out.output = last_output(of);
  return out;
}

std::string blame_for(std::string_view reason) {
  if (reason == "reader-too-slow") return " It took them more slowly than --min-rate allows.";
  if (reason == "reader-timeout") return " It took nothing for as long as --idle-timeout allows.";
  if (reason == "body-too-slow")
    return " It sent the request's body more slowly than --min-rate allows.";
  if (reason == "body-timeout")
    return " It sent nothing of the request's body for as long as --idle-timeout allows.";
  return {};
}

why of_cut(trace::recording const& of) {
  why out{.title = std::string(half_title(of)), .sentence = {}, .reason = of.reason};
  out.sentence = answer_is_whole(of) ? whole_answer_text(of) + "."
                                     : "The client got " + base::bytes_text(of.response_body.size) +
                                           " of content, and not the rest.";
  out.sentence += blame_for(of.reason);
  return out;
}

// What was done with the process of a client that left.
std::string process_after_client(trace::recording const& of) {
  if (!of.pid) return {};
  auto const process = " Process " + std::to_string(*of.pid) + " ";
  if (!of.end) return process + "has not ended yet.";
  auto const ended = base::exit_text(of.end->wait_status);
  if (!of.end->stopped) return process + ended + " by itself.";
  int const status = of.end->wait_status;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    return process +
           "was told to end by SIGTERM, because its client had left, did not heed it "
           "within --grace, and " +
           ended + ".";
  }
  return process + ended + ": when its client leaves, a script is told to end by SIGTERM.";
}

// When the client closed the connection, as far as that was seen.
std::string departure_text(trace::recording const& of) {
  auto const& seen = of.times.client_left;
  auto const& ended = of.times.ended;
  auto const when = seen ? " after " + brief_time(*seen) : std::string();
  if (!of.client_closed_its_side) return "The client closed the connection" + when;
  bool const waited =
      seen && ended &&
      *ended - *seen >= std::chrono::milliseconds(base::limits::half_close_grace) / 2;
  return "The client closed its side of the connection" + when +
         (waited ? ", and was taken to have left after " + brief_time(*ended) : "");
}

why of_client_left(trace::recording const& of) {
  why out{.title = "The client left", .sentence = {}, .reason = "client-gone"};
  out.sentence = departure_text(of);
  out.sentence += of.times.response_began
                      ? ", when it had been sent " + base::bytes_text(of.response_body.size) +
                            " of the content."
                      : ", before there was an answer.";
  if (of.pid && of.standard_output.size == 0)
    out.sentence += " The script had printed nothing by then.";
  out.sentence += process_after_client(of);
  if (auto const worker = worker_of(of); !worker.empty())
    out.sentence += " The worker " + worker + " was told so, and goes on with other requests.";
  return out;
}

// A Python application that raised an exception, or whose worker ended, within its answer.
std::optional<why> late_failure_in_memory(trace::recording const& of) {
  bool const ended = of.asked && of.asked->worker_has_ended;
  if (!of.exception && !ended) return std::nullopt;
  why out{.title = std::string(half_title(of)), .sentence = brief_failure(of), .reason = of.reason};
  if (out.sentence.starts_with("the ")) out.sentence[0] = 'T';
  out.sentence += answer_is_whole(of)
                      ? ". " + whole_answer_text(of) + "."
                      : ". The client got " + base::bytes_text(of.response_body.size) +
                            " of content, and then a connection that was cut.";
  return out;
}

// What the exchange was remarked for: that the script failed or, if it did not, that it printed too
// much.
trace::recorded_remark const* remark_of(trace::recording const& of) {
  auto const& all = of.remarks;
  auto found = std::find_if(all.begin(), all.end(), [](auto const& r) { return r.failed; });
  if (found == all.end()) {
    found = std::find_if(all.begin(), all.end(),
                         [](auto const& r) { return r.reason == "content-over-length"; });
  }
  return found == all.end() ? nullptr : &*found;
}

// A script that ended badly is told of that first: its wrong length follows from it.
why late_failure(trace::recording const& of) {
  auto const* const remark = remark_of(of);
  if (auto out = late_failure_in_memory(of)) return *std::move(out);
  auto const length = wrong_length_of(of);
  bool const length_is_all = length && !ended_badly(of);
  if (remark != nullptr && !length_is_all) return of_remark(*remark, of);
  if (auto const fault = raw_fault_of(of)) return of_raw_fault(*fault, of);
  if (!length_is_all || (!of.complete && length->printed > length->promised)) return of_cut(of);
  auto out = of_wrong_length(*length, of);
  if (remark != nullptr) {
    out.reason = remark->reason;
    out.detail = remark->text;
  }
  return out;
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
  auto const raised = exception_of(of);
  if (raised) out->traceback = raised->traceback;
  if (raised && !of.exception) return out;  // it is the end of its standard error
  constexpr auto shown = base::limits::reason_stderr_lines;
  if (!of.standard_error.empty()) out->stderr_lines = of.standard_error.last(shown);
  auto& lines = out->stderr_lines;
  if (lines.size() > shown)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(shown));
  return out;
}

}  // namespace gatehouse::show
