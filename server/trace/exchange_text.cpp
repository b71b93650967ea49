#include "gatehouse/trace/exchange_text.hpp"

#include <algorithm>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/trace/line_text.hpp"

namespace gatehouse::trace {
namespace {

// The widths of the columns: the number of the exchange, the milliseconds, and the word for the
// step. column_width is the most that a column of a table gets.
constexpr std::size_t number_width = 4, time_width = 8, word_width = 11, column_width = 40;

// How many bytes are shown if they are not text.
constexpr std::size_t binary_bytes_shown = 16;

// These are the terminal's own colours, which suit its background, be it dark or light.
constexpr std::string_view plain, faint = "2", request_colour = "1;34", server_colour = "1;36",
                                  script_colour = "1;35", stderr_colour = "1;33",
                                  response_colour = "1;32", error_colour = "1;31";

std::string_view colour_of(unsigned status) {
  if (status >= 500 || status == 0) return "31";
  if (status >= 400) return "33";
  if (status >= 300) return "36";
  return "32";
}

std::string_view end_of_content(std::string_view framing) {
  if (framing == "content-length") return "the content ends after Content-Length bytes";
  if (framing == "chunked") return "the content goes in chunks, the last of them empty";
  if (framing == "until close") return "the content ends when the connection is closed";
  return "there is no content";
}

// The width that a table's column gets: that of its widest entry, and not more than column_width.
template <class Row>
std::size_t widest(std::vector<Row> const& rows, std::string Row::*column) {
  std::size_t out = 0;
  for (auto const& row : rows) {
    auto const width = base::columns_of(row.*column);
    if (width <= column_width) out = std::max(out, width);
  }
  return out;
}

}  // namespace

// Writes the lines of one event: there is a function for each kind.
class exchange_text::line_writer {
 public:
  line_writer(exchange_text& of, http::steady_time now)
      : of_(of), time_(milliseconds_text(now - of.began_)) {}

  void gathered(event const& next) {
    if (!of_.begun_) connection();
    of_.begun_ = true;
    if (!of_.variables_.empty() && !std::holds_alternative<variable>(next)) variables();
    if (!of_.headers_.empty() && !std::holds_alternative<header_line>(next)) headers();
  }

  void operator()(request_head const& e) {
    step("request", request_colour);
    bool first = true;
    for (auto const line : head_lines(e.bytes))
      add_line(in(std::exchange(first, false) ? "1" : plain, one_line(line)));
  }

  void operator()(request_parsed const&) {}

  void operator()(routed const& e) {
    step("map", server_colour);
    if (std::exchange(of_.routed_, true))
      add_line(in(faint, "again, because the program answered with a local redirect:"));
    add_line(one_line(e.prefix) + "/ is mapped to the " + one_line(e.serves) + " " +
             one_line(e.target));
    add_line(in(faint, "the longest prefix of the path that is mapped"));
  }

  void operator()(script_found const& e) {
    of_.output_head_.clear();
    step("script", server_colour);
    add_line(one_line(e.file));
    add_line(in(faint, "SCRIPT_NAME  ") + one_line(e.script_name));
    add_line(in(faint, "PATH_INFO    ") +
             (e.path_info ? one_line(*e.path_info) : in(faint, "none: the path ends here")));
    if (!e.interpreter.empty()) add_line(in(faint, "run by       ") + one_line(e.interpreter));
  }

  void operator()(variable const& e) {
    of_.variables_.push_back({one_line(e.name), one_line(e.value), origin_text(e.from, e.clause)});
  }

  void operator()(program_described const& e) {
    step("program", server_colour);
    add_line(one_line(e.path));
    for (std::size_t i = 0; i < e.arguments.size(); ++i) {
      add_line(in(faint, "argv[" + std::to_string(i) + "]  ") + one_line(e.arguments[i]));
    }
    add_line(in(faint, "cwd      ") + one_line(e.directory));
  }

  void operator()(application_described const& e) {
    step("in memory", server_colour);
    add_line(one_line(e.protocol) + " " + one_line(e.name));
    std::size_t width = 0;
    for (auto const& fact : e.facts) width = std::max(width, fact.name.size());
    for (auto const& fact : e.facts)
      add_line(in(faint, padded(one_line(fact.name), width) + "  ") + one_line(fact.value));
  }

  void operator()(queued const& e) {
    step("queue", server_colour);
    add_line("it has waited " + milliseconds_text(e.time) + " ms for a program that is free");
  }

  void operator()(application_asked const& e) {
    step("asked", server_colour);
    add_line("by " + one_line(e.protocol) + (e.worker == 0 ? " at " : ": ") + one_line(e.address));
    if (e.worker != 0) add_line(in(faint, "the worker with pid " + std::to_string(e.worker)));
    if (e.worker == 0 || e.protocol != "WSGI") {
      add_line(in(faint, e.kept ? "by a connection that has carried answers before"
                                : "by a new connection"));
    }
  }

  void operator()(record_passed const& e) {
    bool const there = e.way == record_passed::to_application;
    step(there ? "sent" : "came", there ? server_colour : script_colour);
    auto const id = e.request_id ? ", request id " + std::to_string(*e.request_id) : "";
    add_line(one_line(e.type) + in(faint, "  " + base::bytes_text(e.length) + id));
  }

  void operator()(application_raised const& e) {
    step("exception", error_colour);
    add_line(in("31", one_line(e.sentence)));
    for (auto const& line : e.traceback) add_line(one_line(line));
  }

  void operator()(worker_ended const& e) {
    step("worker", error_colour);
    add_line(in("31", "it " + (e.wait_status ? base::exit_text(*e.wait_status)
                                             : std::string("has ended"))));
  }

  void operator()(process_started const& e) {
    step("process", script_colour);
    add_line("pid " + std::to_string(e.pid) + " has started" + (e.warm ? start_of(*e.warm) : ""));
    if (e.warm && e.warm->took && e.warm->cold)
      add_line(in(faint, "when it started cold, its first output came after " +
                             milliseconds_text(*e.warm->cold) + " ms"));
  }

  void operator()(stdin_bytes const& e) { piece("stdin", of_.standard_input_, e.bytes); }

  void operator()(stdout_bytes const& e) {
    auto const room = base::limits::script_head_bytes - of_.output_head_.size();
    of_.output_head_.append(e.bytes.substr(0, room));
    piece("stdout", of_.standard_output_, e.bytes);
  }

  void operator()(header_line const& e) {
    auto const all = std::string_view(of_.output_head_);
    auto const start = std::min(e.start, all.size());
    auto const line = all.substr(start, std::max(e.end, start) - start);
    of_.headers_.push_back({one_line(line), one_line(e.meaning)});
  }

  void operator()(header_block const&) {}

  void operator()(remark const& e) {
    step("remark", e.failed ? error_colour : script_colour);
    add_line(one_line(e.text) + in(faint, "  " + std::string(e.reason)));
  }

  void operator()(stderr_line const& e) {
    step("stderr", stderr_colour);
    add_line(one_line(e.line));
  }

  void operator()(process_ended const& e) {
    step("exit", script_colour);
    add_line(in(e.wait_status == 0 ? plain : "31", "it " + base::exit_text(e.wait_status)));
    add_line(in(faint, "CPU time     ") + milliseconds_text(e.used.ru_utime) + " ms of its own, " +
             milliseconds_text(e.used.ru_stime) + " ms in the kernel");
    add_line(in(faint, "peak memory  ") + (e.peak_may_be_the_servers ? "at most " : "") +
             fixed(static_cast<double>(e.used.ru_maxrss) / 1024, 1) + " MiB");
  }

  void operator()(failed const& e) {
    step("error", error_colour);
    add_line(in(colour_of(e.error.status), std::to_string(e.error.status) + " " +
                                               std::string(http::reason_phrase(e.error.status))) +
             in(faint, "  " + std::string(e.error.reason)));
    if (!e.error.detail.empty()) add_line(one_line(e.error.detail));
    auto const& help = e.error.help;
    for (auto const line : lines_of(help.explanation)) add_line(one_line(line));
    if (!help.command.empty()) add_line(in(faint, "try  ") + one_line(help.command));
  }

  void operator()(response_head const& e) {
    of_.answered_ = true;
    step("response", response_colour);
    bool first = true;
    for (auto const line : head_lines(e.bytes))
      add_line(in(std::exchange(first, false) ? "1" : plain, one_line(line)));
    add_line(in(faint, end_of_content(e.framing)));
  }

  void operator()(response_bytes const& e) { of_.content_bytes_ += e.sent; }

  void operator()(ended const& e) {
    unshown("stdin", of_.standard_input_);
    unshown("stdout", of_.standard_output_);
    if (of_.content_bytes_ > 0) {
      step("content", response_colour);
      add_line(base::bytes_text(of_.content_bytes_) +
               (of_.answered_ ? " sent" : " sent as the program wrote them, head and all"));
    }
    step("end", response_colour);
    bool const no_answer = e.record.status == 0 || (e.record.client_left && !of_.has_begun());
    add_line(in(no_answer ? "31" : colour_of(e.record.status),
                no_answer ? "no answer" : std::to_string(e.record.status)) +
             how_it_ended(e.record) + ", after " + time_ + " ms");
    out_ += '\n';
  }

  std::string take() { return std::move(out_); }

 private:
  std::string how_it_ended(http::exchange_record const& record) const {
    if (record.complete) return ", complete";
    if (record.client_left) return in("31", ", the client left");
    if (record.reason.empty()) return in("31", ", cut short");
    return in("31", ", cut short: " + std::string(record.reason));
  }

  static std::string start_of(warm_start const& how) {
    if (how.took) return " out of a template, in " + milliseconds_text(*how.took) + " ms";
    return " cold" + (how.why_cold.empty() ? "" : ": " + one_line(how.why_cold));
  }

  void connection() {
    step("client", request_colour);
    add_line(of_.ends_);
  }

  void variables() {
    auto const& all = of_.variables_;
    auto const names = widest(all, &pending_variable::name);
    auto const values = widest(all, &pending_variable::value);
    step("variables", server_colour);
    for (auto const& v : all) {
      auto const named = padded(v.name, names) + "  ";
      bool const fits = base::columns_of(v.value) <= values;
      if (!fits) add_line(named + v.value);
      add_line(padded(fits ? named + v.value : "", base::columns_of(named) + values) + "  " +
               in(faint, v.origin));
    }
    of_.variables_.clear();
  }

  void headers() {
    auto const width = widest(of_.headers_, &pending_header::line);
    step("headers", script_colour);
    for (auto const& h : of_.headers_)
      add_line(padded(h.line, width) + "  " + in(faint, h.meaning));
    of_.headers_.clear();
  }

  // Bytes on their way into or out of the program.
  void piece(std::string_view word, counted_bytes& all, std::string_view bytes) {
    all.size += bytes.size();
    auto const room = base::limits::printed_bytes - all.shown;
    if (room == 0) return;
    step(word, script_colour);
    add_line(in(faint, base::bytes_text(bytes.size())));
    if (!is_text(bytes)) {
      all.shown = base::limits::printed_bytes;
      add_line(hexadecimal(bytes.substr(0, binary_bytes_shown)));
      add_line(in(faint, "this is no text, and not shown"));
      return;
    }
    auto const shown = bytes.substr(0, room);
    all.shown += shown.size();
    for (auto const line : lines_of(shown)) add_line(one_line(line));
    if (all.shown == base::limits::printed_bytes)
      add_line(in(faint, "what follows is counted and not shown"));
  }

  void unshown(std::string_view word, counted_bytes const& all) {
    if (all.size <= all.shown) return;
    step(word, script_colour);
    add_line(in(faint, base::bytes_text(all.size) + " in all, " +
                           base::bytes_text(all.size - all.shown) + " more than shown"));
  }

  void step(std::string_view word, std::string_view colour) {
    word_ = in(colour, word) + std::string(word_width - word.size(), ' ');
  }

  // A line of the step; its first one has the word.
  void add_line(std::string_view text) {
    std::string line = of_.number_;
    line.append(in(
        faint, std::string(time_width - std::min(time_.size(), time_width), ' ') + time_ + " ms"));
    line.append("  ").append(word_).append(text);
    word_.assign(word_width, ' ');
    while (line.ends_with(' ')) line.pop_back();
    out_.append(line).append("\n");
  }

  std::string in(std::string_view colour, std::string_view text) const {
    if (!of_.coloured_ || colour.empty() || text.empty()) return std::string(text);
    return std::string("\x1b[").append(colour).append("m").append(text).append("\x1b[0m");
  }

  exchange_text& of_;
  std::string time_;
  std::string word_;
  std::string out_;
};

exchange_text::exchange_text(std::uint64_t number, recording const& begun, bool coloured)
    : number_(padded("#" + std::to_string(number), number_width)),
      ends_(begun.client + " speaks to " + begun.server),
      began_(begun.began_at),
      coloured_(coloured) {
  ends_ += begun.times.connected ? ", on a new connection" : ", on the connection that it had";
}

std::string exchange_text::add(event const& what, http::steady_time now) {
  line_writer writer(*this, now);
  writer.gathered(what);
  std::visit(writer, what);
  return writer.take();
}

}  // namespace gatehouse::trace
