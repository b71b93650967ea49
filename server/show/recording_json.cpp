#include "gatehouse/show/recording_json.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <ctime>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/show/exchange_store.hpp"
#include "gatehouse/show/replay.hpp"
#include "gatehouse/show/verdict.hpp"
#include "gatehouse/show/why.hpp"

namespace gatehouse::show {
namespace {

namespace json = boost::json;
using std::chrono::microseconds;

json::string text(std::string_view from) {
  return json::string(base::valid_utf8(from));
}

// RFC 4648, 4
std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    auto const group = bytes.substr(i, 3);
    auto const byte = [&](std::size_t at) -> unsigned {
      return at < group.size() ? static_cast<unsigned char>(group[at]) : 0U;
    };
    unsigned const bits = byte(0) << 16U | byte(1) << 8U | byte(2);
    out += {digits[bits >> 18U], digits[(bits >> 12U) & 63U],
            group.size() > 1 ? digits[(bits >> 6U) & 63U] : '=',
            group.size() > 2 ? digits[bits & 63U] : '='};
  }
  return out;
}

json::object bytes_of(trace::kept_bytes const& kept) {
  return bytes_json(kept.bytes, kept.size);
}

double milliseconds(microseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

// RFC 3339, UTC, to the millisecond
std::string time_text(std::chrono::system_clock::time_point when) {
  auto const whole = std::chrono::floor<std::chrono::seconds>(when);
  auto const ms = std::chrono::floor<std::chrono::milliseconds>(when - whole).count();
  std::time_t const seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> buffer{};
  auto const size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  return std::string(buffer.data(), size) + std::to_string(1000 + ms).substr(1) + 'Z';
}

// This part of a head that was refused, as it was sent; empty if the head does not have it.
json::string as_sent(trace::recording const& of, http::head_part part) {
  std::string_view const head = of.request_head.bytes;
  auto const spans = http::find_source(head, {part, {}, 0});
  if (spans.empty()) return {};
  return text(head.substr(spans.front().start, spans.front().end - spans.front().start));
}

json::array fields_json(std::string_view head) {
  json::array out;
  for (auto const& line : http::field_lines(head)) {
    auto const all = head.substr(line.start, line.end - line.start);
    auto const name = all.substr(0, all.find(':'));
    auto const value = http::trim_ows(all.substr(std::min(name.size() + 1, all.size())));
    out.push_back(
        {{"name", text(name)}, {"value", text(value)}, {"start", line.start}, {"end", line.end}});
  }
  return out;
}

// declared: its Content-Length; received: what the server has read of it, once the exchange is
// over; to_script: what of that went into a script's standard input, of which the first bytes are
// kept.
json::object request_body_json(trace::recording const& of) {
  auto out = bytes_of(of.standard_input);
  auto const declared = of.request ? of.request->content_length : std::nullopt;
  out["declared"] = declared ? json::value(*declared) : nullptr;
  out["chunked"] = of.request && of.request->chunked;
  out["received"] = of.done ? json::value(of.request_body_read) : nullptr;
  out["to_script"] = of.standard_input.size;
  out["complete"] = has_whole_body(of);
  return out;
}

json::object request_json(trace::recording const& of) {
  return {{"head", bytes_of(of.request_head)},
          {"version", of.request ? text(of.request->version()) : ""},
          {"path", of.request ? text(of.request->target.path) : ""},
          {"query", of.request ? text(of.request->target.query) : ""},
          {"fields", fields_json(of.request_head.bytes)},
          {"body", request_body_json(of)}};
}

json::value route_json(trace::recording const& of) {
  if (!of.route) return nullptr;
  bool const root = of.route->prefix.empty();
  return json::object{{"prefix", root ? "/" : text(of.route->prefix)},
                      {"serves", text(of.route->serves)},
                      {"target", text(of.route->target)},
                      {"why", root ? "no longer prefix of the path is mapped"
                                   : "the longest prefix of the path that is mapped"}};
}

json::value script_json(trace::recording const& of) {
  if (!of.script) return nullptr;
  auto const& script = *of.script;
  return json::object{
      {"script_name", text(script.script_name)},
      {"path_info", script.path_info ? json::value(text(*script.path_info)) : nullptr},
      {"file", text(script.file)},
      {"interpreter", text(script.interpreter)}};
}

json::array variables_json(trace::recording const& of) {
  json::array out;
  for (auto const& variable : of.variables) {
    json::array spans;
    for (auto const& span : variable.spans) spans.push_back(json::array{span.start, span.end});
    out.push_back({{"name", text(variable.name)},
                   {"value", text(variable.value)},
                   {"from", text(variable.from)},
                   {"clause", text(variable.clause)},
                   {"spans", std::move(spans)}});
  }
  return out;
}

json::value program_json(trace::recording const& of) {
  if (!of.program) return nullptr;
  json::array arguments;
  for (auto const& word : of.program->arguments) arguments.push_back(text(word));
  return json::object{{"path", text(of.program->path)},
                      {"arguments", std::move(arguments)},
                      {"directory", text(of.program->directory)},
                      {"start", text(of.program->start)}};
}

json::value asked_json(trace::recording const& of) {
  if (!of.asked) return nullptr;
  json::array records;
  for (auto const& record : of.asked->records)
    records.push_back(
        {{"sent", record.sent},
         {"type", text(record.type)},
         {"length", record.length},
         {"request_id", record.request_id ? json::value(*record.request_id) : nullptr}});
  auto const& status = of.asked->worker_status;
  return json::object{{"protocol", text(of.asked->protocol)},
                      {"address", text(of.asked->address)},
                      {"kept", of.asked->kept},
                      {"worker", of.asked->worker == 0 ? nullptr : json::value(of.asked->worker)},
                      {"worker_ended", of.asked->worker_has_ended},
                      {"worker_end", status ? json::value(base::exit_text(*status)) : nullptr},
                      {"records", std::move(records)},
                      {"passed", of.asked->passed}};
}

json::value application_json(trace::recording const& of) {
  if (!of.application) return nullptr;
  json::array facts;
  for (auto const& fact : of.application->facts)
    facts.push_back({{"name", text(fact.name)}, {"value", text(fact.value)}});
  return json::object{{"protocol", text(of.application->protocol)},
                      {"name", text(of.application->name)},
                      {"facts", std::move(facts)}};
}

json::value or_null(std::optional<microseconds> const& time) {
  return time ? json::value(milliseconds(*time)) : nullptr;
}

// How it was started, where --warm is in use.
json::value warm_json(trace::recording const& of) {
  if (!of.warm) return nullptr;
  return json::object{{"warm_ms", or_null(of.warm->took)},
                      {"cold_output_ms", or_null(of.warm->cold)},
                      {"why_cold", text(of.warm->why_cold)}};
}

json::object pid_and_end_json(trace::recording const& of) {
  if (!of.end) {
    return json::object{
        {"pid", *of.pid},       {"ended", false},         {"text", ""},
        {"ok", false},          {"stopped", false},       {"user_ms", nullptr},
        {"system_ms", nullptr}, {"max_rss_kib", nullptr}, {"max_rss_is_bound", false}};
  }
  return json::object{{"pid", *of.pid},
                      {"ended", true},
                      {"text", base::exit_text(of.end->wait_status)},
                      {"ok", of.end->wait_status == 0},
                      {"stopped", of.end->stopped},
                      {"user_ms", milliseconds(of.end->user)},
                      {"system_ms", milliseconds(of.end->system)},
                      {"max_rss_kib", of.end->max_resident_kib},
                      {"max_rss_is_bound", of.end->max_resident_is_bound}};
}

json::value process_json(trace::recording const& of) {
  if (!of.pid) return nullptr;
  auto out = pid_and_end_json(of);
  out["start"] = warm_json(of);
  return out;
}

json::array header_lines_json(trace::recording const& of) {
  std::string_view const printed = of.standard_output.bytes;
  json::array out;
  for (auto const& line : of.header_lines) {
    auto const start = std::min(line.start, printed.size());
    out.push_back({{"start", line.start},
                   {"end", line.end},
                   {"text", text(printed.substr(start, line.end - line.start))},
                   {"meaning", text(line.meaning)}});
  }
  return out;
}

json::array remarks_json(trace::recording const& of) {
  json::array out;
  for (auto const& remark : of.remarks) {
    out.push_back(
        {{"reason", remark.reason}, {"text", text(remark.text)}, {"failed", remark.failed}});
  }
  return out;
}

template <class Lines>
json::array lines_json(Lines const& lines) {
  json::array out;
  for (auto const& line : lines) out.push_back(text(line));
  return out;
}

json::object stderr_json(trace::kept_lines const& lines) {
  return {
      {"head", lines_json(lines.head)}, {"tail", lines_json(lines.tail)}, {"lines", lines.count}};
}

// The scripts that have sent the request on by a local redirect, each with what it wrote to stderr.
json::array redirected_by_json(trace::recording const& of) {
  json::array out;
  for (auto const& one : of.redirected_by) {
    out.push_back({{"script_name", text(one.script.script_name)},
                   {"file", text(one.script.file)},
                   {"location", text(local_redirect_of(one))},
                   {"pid", one.pid ? json::value(*one.pid) : nullptr},
                   {"end", one.end ? json::value(base::exit_text(one.end->wait_status)) : nullptr},
                   {"stderr", stderr_json(one.standard_error)}});
  }
  return out;
}

json::value exception_json(trace::recording const& of) {
  if (!of.exception) return nullptr;
  return json::object{{"sentence", text(of.exception->sentence)},
                      {"misuse", of.exception->is_misuse},
                      {"traceback", lines_json(of.exception->traceback)}};
}

json::value why_json(trace::recording const& of) {
  auto const why = why_of(of);
  if (!why) return nullptr;
  json::value output = nullptr;
  if (why->output) {
    output = json::object{{"text", text(why->output->text)},
                          {"first_line", why->output->first_line},
                          {"marked_line", why->output->marked_line}};
  }
  return json::object{{"title", text(why->title)},
                      {"sentence", text(why->sentence)},
                      {"reason", text(why->reason)},
                      {"detail", text(why->detail)},
                      {"command", text(why->command)},
                      {"output", std::move(output)},
                      {"traceback", lines_json(why->traceback)},
                      {"stderr", lines_json(why->stderr_lines)}};
}

// If a program has written its own head (nph-), the server did not frame the response.
json::object response_json(trace::recording const& of) {
  bool const raw = of.framing.empty() && of.response_body.size > 0;
  return {{"status", of.status},
          {"head", bytes_of(of.response_head)},
          {"body", bytes_of(of.response_body)},
          {"framing", raw                  ? "until close"
                      : of.framing.empty() ? "none"
                                           : text(of.framing)},
          {"complete", of.complete}};
}

json::value error_json(trace::recording const& of) {
  if (!of.error) return nullptr;
  return json::object{{"status", of.error->status},
                      {"reason", text(of.error->reason)},
                      {"detail", text(of.error->detail)},
                      {"explanation", text(of.error->help.explanation)},
                      {"command", text(of.error->help.command)}};
}

json::object times_json(trace::recorded_times const& times) {
  auto const since = [](std::optional<microseconds> const& time) {
    return time ? json::value(time->count()) : nullptr;
  };
  return {{"accepted", since(times.connected)},
          {"head_read", since(times.head_read)},
          {"asked", since(times.asked)},
          {"process_started", since(times.process_started)},
          {"first_output", since(times.first_output)},
          {"output_ended", since(times.process_ended)},
          {"response_began", since(times.response_began)},
          {"client_left", since(times.client_left)},
          {"ended", since(times.ended)}};
}

}  // namespace

json::object bytes_json(std::string_view bytes, std::uint64_t size) {
  return {{"base64", base64(bytes)}, {"size", size}, {"cut", size > bytes.size()}};
}

json::object summary_json(trace::recording const& of) {
  return {
      {"id", of.id},
      {"state", of.done ? "done" : "open"},
      {"began", time_text(of.began)},
      {"method", of.request ? text(of.request->method) : as_sent(of, http::head_part::method)},
      {"target", of.request ? text(of.request->target.raw) : as_sent(of, http::head_part::target)},
      {"status", of.status},
      {"ms", of.times.ended ? json::value(milliseconds(*of.times.ended)) : nullptr},
      {"script", of.script.has_value()},
      {"kind", kind_of(of)},
      {"outcome", name_of(outcome_of(of))},
      {"verdict", text(verdict(of))},
      {"pinned", of.pinned},
      {"tour", is_of_tour(of)},
      {"failed_late", of.failed_late()},
      {"client", of.client},
      {"sent", of.response_body.size}};
}

json::object exchange_json(trace::recording const& of) {
  auto out = summary_json(of);
  out["server"] = of.server;
  out["request"] = request_json(of);
  out["route"] = route_json(of);
  out["script"] = script_json(of);
  out["variables"] = variables_json(of);
  out["program"] = program_json(of);
  out["application"] = application_json(of);
  out["queued_ms"] = or_null(of.queued);
  out["asked"] = asked_json(of);
  out["exception"] = exception_json(of);
  out["process"] = process_json(of);
  out["stdin"] = bytes_of(of.standard_input);
  out["stdout"] = bytes_of(of.standard_output);
  out["stdout_head"] = of.header_block_size;
  out["header_lines"] = header_lines_json(of);
  out["remarks"] = remarks_json(of);
  out["stderr"] = stderr_json(of.standard_error);
  out["redirected_by"] = redirected_by_json(of);
  out["response"] = response_json(of);
  out["error"] = error_json(of);
  out["why"] = why_json(of);
  out["times"] = times_json(of.times);
  out["curl"] = text(curl_command(of));
  out["shell"] = text(shell_command(of));
  return out;
}

}  // namespace gatehouse::show
