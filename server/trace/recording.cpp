#include "gatehouse/trace/recording.hpp"

#include <algorithm>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::trace {
namespace {

using std::chrono::microseconds;

microseconds duration_of(timeval const& t) {
  return std::chrono::seconds(t.tv_sec) + microseconds(t.tv_usec);
}

// The status in the first line of a response; 200 if there is none, as clients take it.
unsigned status_in(std::string_view head) {
  auto const space = head.find(' ');
  if (!head.starts_with("HTTP/") || space == std::string_view::npos) return 200;
  return static_cast<unsigned>(http::parse_decimal(head.substr(space + 1, 3)).value_or(200));
}

class adder {
 public:
  adder(recording& to, http::steady_time now)
      : to_(to), at_(std::chrono::duration_cast<microseconds>(now - to.began_at)) {}

  void operator()(request_head const& e) {
    to_.request_head.add(e.bytes, e.bytes.size());
    to_.times.head_read = at_;
  }
  void operator()(request_parsed const& e) { to_.request = e.request; }
  void operator()(routed const& e) {
    to_.route = recorded_route{std::string(e.prefix), std::string(e.serves), std::string(e.target),
                               e.runs_programs};
  }
  void operator()(script_found const& e) {
    forget_script();
    to_.script = recorded_script{std::string(e.script_name), std::nullopt, std::string(e.file),
                                 std::string(e.interpreter)};
    if (e.path_info) to_.script->path_info = std::string(*e.path_info);
  }
  void operator()(variable const& e) {
    to_.variables.push_back({std::string(e.name), std::string(e.value), std::string(e.from),
                             std::string(e.clause),
                             http::find_source(to_.request_head.bytes, e.source)});
  }
  void operator()(program_described const& e) {
    to_.program = recorded_program{std::string(e.path),
                                   {e.arguments.begin(), e.arguments.end()},
                                   std::string(e.directory),
                                   std::string(e.start)};
  }
  void operator()(application_described const& e) {
    to_.application = recorded_application{
        std::string(e.protocol), std::string(e.name), {e.facts.begin(), e.facts.end()}};
  }
  void operator()(queued const& e) { to_.queued = to_.queued.value_or(microseconds(0)) + e.time; }
  void operator()(application_asked const& e) {
    to_.asked =
        recorded_question{std::string(e.protocol), std::string(e.address), e.kept, e.worker};
    to_.times.asked = at_;
  }
  void operator()(record_passed const& e) {
    if (!to_.asked) return;
    ++to_.asked->passed;
    auto& records = to_.asked->records;
    if (records.size() < base::limits::traced_records)
      records.push_back(
          {e.way == record_passed::to_application, std::string(e.type), e.length, e.request_id});
  }
  void operator()(application_raised const& e) {
    to_.exception = recorded_exception{
        std::string(e.sentence), e.is_misuse, {e.traceback.begin(), e.traceback.end()}};
  }
  void operator()(worker_ended const& e) {
    if (!to_.asked) return;
    to_.asked->worker_has_ended = true;
    to_.asked->worker_status = e.wait_status;
  }
  void operator()(process_started const& e) {
    to_.pid = e.pid;
    if (e.warm)
      to_.warm = recorded_warm_start{e.warm->took, e.warm->cold, std::string(e.warm->why_cold)};
    to_.times.process_started = at_;
  }
  void operator()(stdin_bytes const& e) { to_.standard_input.add(e.bytes, e.bytes.size()); }
  void operator()(stdout_bytes const& e) {
    to_.standard_output.add(e.bytes, e.bytes.size());
    set_once(to_.times.first_output);
  }
  void operator()(header_line const& e) {
    to_.header_lines.push_back({e.start, e.end, std::string(e.meaning)});
  }
  void operator()(header_block const& e) { to_.header_block_size = e.size; }
  void operator()(remark const& e) {
    if (to_.remarks.size() < base::limits::traced_remarks)
      to_.remarks.push_back({std::string(e.reason), std::string(e.text), e.failed});
  }
  void operator()(stderr_line const& e) {
    auto* const earlier = redirecting_script_of(e.pid);
    (earlier != nullptr ? earlier->standard_error : to_.standard_error).add(e.line);
  }
  void operator()(process_ended const& e) {
    recorded_end const end{
        e.wait_status,    duration_of(e.used.ru_utime), duration_of(e.used.ru_stime),
        e.used.ru_maxrss, e.peak_may_be_the_servers,    e.stopped};
    if (auto* const earlier = redirecting_script_of(e.pid)) earlier->end = end;
    if (to_.pid != e.pid) return;
    to_.end = end;
    to_.times.process_ended = at_;
  }
  void operator()(failed const& e) { to_.error = e.error; }
  void operator()(response_head const& e) {
    to_.response_head.add(e.bytes, e.bytes.size());
    to_.framing = e.framing;
    respond(e.bytes);
  }
  void operator()(response_bytes const& e) {
    respond(e.bytes);
    to_.response_body.add(e.bytes, e.sent);
  }
  void operator()(ended const& e) {
    bool const answered = to_.times.response_began || !e.record.client_left;
    to_.status = answered ? e.record.status : 0;
    to_.complete = e.record.complete;
    to_.client_left = e.record.client_left;
    if (auto const& left = e.record.departed) {
      to_.times.client_left = std::chrono::duration_cast<microseconds>(left->at - to_.began_at);
      to_.client_closed_its_side = left->its_side;
    }
    to_.request_body_read = e.record.request_body_bytes;
    to_.reason = e.record.reason;
    to_.times.ended = at_;
    to_.done = true;
  }

 private:
  // first: the beginning of a response head, which is the program's own if it is not parsed.
  void respond(std::string_view first) {
    if (to_.times.response_began) return;
    to_.times.response_began = at_;
    to_.status = status_in(first);
  }

  void set_once(std::optional<microseconds>& time) const {
    if (!time) time = at_;
  }

  // The script before the last one that is this process, and may report after its local redirect
  // has led to the next.
  redirecting_script* redirecting_script_of(pid_t pid) {
    auto& all = to_.redirected_by;
    auto const found =
        std::find_if(all.begin(), all.end(), [&](auto const& one) { return one.pid == pid; });
    return found == all.end() || to_.pid == pid ? nullptr : &*found;
  }

  void forget_script() {
    if (to_.script) {
      to_.redirected_by.push_back({std::move(*to_.script),
                                   to_.standard_output.bytes.substr(0, to_.header_block_size),
                                   to_.pid, to_.end, std::exchange(to_.standard_error, {})});
    }
    to_.variables.clear();
    to_.program.reset();
    to_.application.reset();
    to_.queued.reset();
    to_.asked.reset();
    to_.exception.reset();
    to_.pid.reset();
    to_.warm.reset();
    to_.end.reset();
    to_.standard_output = {};
    to_.header_lines.clear();
    to_.remarks.clear();
    to_.header_block_size = 0;
    to_.times.asked = to_.times.process_started = std::nullopt;
    to_.times.first_output = to_.times.process_ended = std::nullopt;
  }

  recording& to_;
  microseconds at_;
};

class adding final : public sink {
 public:
  explicit adding(recording& to) : to_(to), id_(to.id) {}
  // A script may report after another exchange has taken the place of its own.
  void record(event const& what) override {
    if (to_.id == id_) add(to_, what, std::chrono::steady_clock::now());
  }

 private:
  recording& to_;
  std::uint64_t id_;
};

}  // namespace

void kept_bytes::add(std::string_view more, std::uint64_t sent) {
  size += sent;
  bytes.append(more.substr(0, base::limits::traced_bytes - bytes.size()));
}

void kept_lines::add(std::string_view line) {
  ++count;
  if (head.size() < base::limits::traced_first_lines) {
    head.emplace_back(line);
    return;
  }
  if (tail.size() == base::limits::traced_last_lines) tail.pop_front();
  tail.emplace_back(line);
}

std::vector<std::string> kept_lines::last(std::size_t most) const {
  auto const of_tail = std::min(most, tail.size());
  auto const of_head = left_out() > 0 ? 0 : std::min(most - of_tail, head.size());
  std::vector<std::string> out(head.end() - static_cast<std::ptrdiff_t>(of_head), head.end());
  out.insert(out.end(), tail.end() - static_cast<std::ptrdiff_t>(of_tail), tail.end());
  return out;
}

bool recording::failed_late() const {
  return std::any_of(remarks.begin(), remarks.end(),
                     [](recorded_remark const& r) { return r.failed; });
}

recording begin_recording(http::exchange_context const& context,
                          std::optional<http::steady_time> connected) {
  recording out;
  out.id = context.number;
  out.client = context.client().client_text();
  out.server = context.client().server_text();
  out.began = context.record.received_at;
  out.began_at = context.record.started;
  if (connected) {
    out.times.connected =
        std::chrono::duration_cast<microseconds>(*connected - context.record.started);
  }
  return out;
}

void add(recording& to, event const& what, http::steady_time now) {
  std::visit(adder(to, now), what);
}

std::unique_ptr<sink> latest_exchange::begin(http::exchange_context const& context,
                                             std::optional<http::steady_time> connected) {
  kept_ = begin_recording(context, connected);
  return std::make_unique<adding>(kept_);
}

}  // namespace gatehouse::trace
