#pragma once
// A recorded exchange: everything that its trace events have said. It is a value and owns its
// bytes, which have limits. The inspector and `gatehouse explain` are two views of it.

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::trace {

// The first bytes of a stream, and how many there were in all.
struct kept_bytes {
  std::string bytes;  // at most limits::traced_bytes
  std::uint64_t size = 0;

  void add(std::string_view more, std::uint64_t sent);
  bool cut() const { return size > bytes.size(); }
};

// The first lines of a stream, its last ones, and how many there were in all.
struct kept_lines {
  std::vector<std::string> head;  // at most limits::traced_first_lines
  std::deque<std::string> tail;   // of those behind the head, at most limits::traced_last_lines
  std::uint64_t count = 0;

  void add(std::string_view line);
  bool empty() const { return count == 0; }
  // How many lines between head and tail are not kept.
  std::uint64_t left_out() const { return count - head.size() - tail.size(); }
  // The last lines that are kept, at most so many, in their order.
  std::vector<std::string> last(std::size_t most) const;
};

struct recorded_variable {
  std::string name;
  std::string value;
  std::string from;
  std::string clause;
  std::vector<http::byte_span> spans;  // of the request head
};

struct recorded_line {
  std::size_t start;  // offsets in what the script printed
  std::size_t end;
  std::string meaning;
};

struct recorded_remark {
  std::string reason;
  std::string text;
  bool failed;
};

struct recorded_route {
  std::string prefix;
  std::string serves;
  std::string target;
  bool runs_programs = false;
};

struct recorded_script {
  std::string script_name;
  std::optional<std::string> path_info;
  std::string file;
  std::string interpreter;
};

struct recorded_program {
  std::string path;
  std::vector<std::string> arguments;
  std::string directory;
  std::string start = {};  // where --warm is in use
};

// What answers in place of a program that is started.
struct recorded_application {
  std::string protocol;
  std::string name;
  std::vector<fact> facts;
};

// A record of FastCGI, or another piece of a protocol that has none.
struct recorded_record {
  bool sent;  // to the application; else it came from there
  std::string type;
  std::uint64_t length;
  std::optional<unsigned> request_id = {};
};

// How an application was asked, and what went over.
struct recorded_question {
  std::string protocol;
  std::string address;
  bool kept = false;                          // by a connection that had carried answers before
  pid_t worker = 0;                           // of ours; 0: it runs elsewhere
  std::vector<recorded_record> records = {};  // at most limits::traced_records
  std::uint64_t passed = 0;                   // how many there were in all
  bool worker_has_ended = false;              // before its time was over
  std::optional<int> worker_status = {};      // how, if that is known
};

// What a Python application has raised, or has done wrong.
struct recorded_exception {
  std::string sentence;
  bool is_misuse = false;
  std::vector<std::string> traceback;
};

// How a program that may start out of a template did.
struct recorded_warm_start {
  std::optional<std::chrono::microseconds> took;
  std::optional<std::chrono::microseconds> cold;
  std::string why_cold;
};

struct recorded_end {
  int wait_status = 0;
  std::chrono::microseconds user{};
  std::chrono::microseconds system{};
  long max_resident_kib = 0;
  bool max_resident_is_bound = false;  // it was no more than that; the server had as much
  bool stopped = false;                // the server had told it to end
};

// A script that has sent the request on by a local redirect.
struct redirecting_script {
  recorded_script script;
  std::string header_block;
  std::optional<pid_t> pid;
  std::optional<recorded_end> end;
  kept_lines standard_error;
};

// Since the exchange began; unset: did not happen.
struct recorded_times {
  using microseconds = std::chrono::microseconds;
  std::optional<microseconds> connected;  // not positive; of a connection's first exchange
  std::optional<microseconds> head_read;
  std::optional<microseconds> asked;  // an application, the last time
  std::optional<microseconds> process_started;
  std::optional<microseconds> first_output;
  std::optional<microseconds> process_ended;
  std::optional<microseconds> response_began;
  std::optional<microseconds> client_left;  // when that was seen
  std::optional<microseconds> ended;
};

struct recording {
  std::uint64_t id = 0;
  std::string client;  // address:port
  std::string server;
  std::chrono::system_clock::time_point began;
  http::steady_time began_at;

  kept_bytes request_head;
  std::optional<http::request> request;  // unless the head could not be parsed
  std::optional<recorded_route> route;   // the last one
  std::optional<recorded_script> script;
  std::vector<redirecting_script> redirected_by;  // the scripts before that one
  std::vector<recorded_variable> variables;
  std::optional<recorded_program> program;
  std::optional<recorded_application> application;
  std::optional<std::chrono::microseconds> queued;  // until a program in memory was free
  std::optional<recorded_question> asked;
  std::optional<recorded_exception> exception;
  std::optional<pid_t> pid;
  std::optional<recorded_warm_start> warm;  // unset: --warm is not in use
  std::optional<recorded_end> end;
  kept_bytes standard_input;
  kept_bytes standard_output;
  std::vector<recorded_line> header_lines;
  std::size_t header_block_size =
      0;  // with its empty line; 0: there is none, or none that is sound
  std::vector<recorded_remark> remarks;  // at most limits::traced_remarks
  kept_lines standard_error;
  std::optional<http::http_error> error;
  kept_bytes response_head;
  std::string framing;
  kept_bytes response_body;
  unsigned status = 0;  // 0 as long as there is no response
  bool complete = false;
  bool client_left = false;             // before the response was complete
  bool client_closed_its_side = false;  // that is how it left, as far as can be seen
  std::uint64_t request_body_read = 0;  // of its content, by the server; known when it is done
  std::string reason;                   // reason code of what the exchange ended for; empty: none
  bool done = false;                    // the exchange is over; its process may run on
  bool pinned = false;                  // by who looks at it, so that it is not forgotten
  recorded_times times;

  // The script answered, then failed.
  bool failed_late() const;
};

// An exchange that begins.
recording begin_recording(http::exchange_context const& context,
                          std::optional<http::steady_time> connected);

// Adds what an event tells; a script that a local redirect leads to takes the place of the first,
// of which redirected_by keeps what is its own. Pure.
void add(recording& to, event const& what, http::steady_time now);

// Keeps the exchange that began last. For one exchange at a time, on one thread.
class latest_exchange final : public tracer {
 public:
  std::unique_ptr<sink> begin(http::exchange_context const& context,
                              std::optional<http::steady_time> connected) override;

  recording const& kept() const { return kept_; }

  // What was kept; after that, nothing is until the next one begins.
  recording take() { return std::exchange(kept_, {}); }

 private:
  recording kept_;
};

}  // namespace gatehouse::trace
