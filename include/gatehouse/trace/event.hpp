#pragma once
// The trace events of an exchange, in the order in which they happen. Views and references in an
// event are valid only during the call that reports it.

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gatehouse/http/error.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/head_parts.hpp"
#include "gatehouse/http/request.hpp"

namespace gatehouse::trace {

// The raw bytes of the request head.
struct request_head {
  std::string_view bytes;
};

struct request_parsed {
  http::request const& request;
};

// Which prefix of the path is mapped, and to what. Again after each local redirect.
struct routed {
  std::string_view prefix;  // "" is the root
  std::string_view serves;  // "programs of", "the program" or "files of"
  std::string_view target;  // a directory or a file
  bool runs_programs = false;
};

struct script_found {
  std::string_view script_name;
  std::optional<std::string_view> path_info;
  std::string_view file;
  std::string_view interpreter;  // empty: none
};

// A meta-variable, and where it comes from.
struct variable {
  std::string_view name;
  std::string_view value;
  std::string_view from;
  std::string_view clause;
  http::head_source source;
};

// What is said of something in a row of a table.
struct fact {
  std::string name;
  std::string value;
};

struct program_described {
  std::string_view path;
  std::span<std::string const> arguments;
  std::string_view directory;
  std::string_view start = {};  // where --warm is in use: "warm, out of a template (--warm)"
};

// What answers in place of a program that is started: an application that stays in memory.
struct application_described {
  std::string_view protocol;  // "FastCGI", "WSGI"
  std::string_view name;      // "unix:/run/app.sock", "flaskapp:app"
  std::span<fact const> facts{};
};

// The request waited until a program in memory was free, or gave up waiting.
struct queued {
  std::chrono::microseconds time;
};

// An application is asked; again where that has closed the first connection, or where the worker
// that was to have the request ended before it began.
struct application_asked {
  std::string_view protocol;  // "FastCGI", "WSGI"
  std::string_view address;   // of one that runs elsewhere; else its name: "flaskapp:app"
  bool kept;                  // by a connection that has carried answers before
  pid_t worker = 0;           // of ours that has the request; 0: it runs elsewhere
};

// A record of FastCGI went over, or another piece of a protocol that has none.
struct record_passed {
  enum direction { to_application, from_application } way;
  std::string_view type;  // "FCGI_PARAMS", "netstring"
  std::size_t length;     // of its content
  std::optional<unsigned> request_id = {};
};

// A Python application has raised an exception instead of answering, or has done what PEP 3333 does
// not allow.
struct application_raised {
  std::string_view sentence;  // "KeyError: 'x'"
  bool is_misuse;
  std::span<std::string const> traceback;  // its lines; the last one says what was raised
};

// The worker that had the request has ended, and not because its time was over.
struct worker_ended {
  std::optional<int> wait_status;  // as from wait(2), if it is known
};

// How a program that may start out of a template (--warm) has started, or would.
struct warm_start {
  std::optional<std::chrono::microseconds> took = {};  // unset: it started cold
  std::optional<std::chrono::microseconds> cold =
      {};  // what a cold start took, if one was measured
  std::string_view why_cold = {};
};

struct process_started {
  pid_t pid;
  std::optional<warm_start> warm = {};  // unset: --warm is not in use
};

// Given to the script.
struct stdin_bytes {
  std::string_view bytes;
};

// Raw bytes from the script.
struct stdout_bytes {
  std::string_view bytes;
};

// A line of the script's header block, and what the server did with it. Offsets count from the
// first byte that the script printed; the line end is not part of it.
struct header_line {
  std::size_t start;
  std::size_t end;
  std::string_view meaning;
};

// The header block was read and is sound; its size, with its empty line.
struct header_block {
  std::size_t size;
};

// One line of the script's stderr. May come after `ended`.
struct stderr_line {
  std::string_view line;
  pid_t pid = 0;  // of the script that wrote it; 0: of the last one
};

// What the script's author should know about an answer that is given all the same: where its output
// deviates from RFC 3875, or that the script failed after it had answered.
struct remark {
  std::string_view reason;  // a reason code, such as "script-repeated-header"
  std::string_view text;
  bool failed = false;  // it answered, then failed
};

// May come after `ended`, when the script has outlived its answer or its client.
struct process_ended {
  pid_t pid;
  int wait_status;  // as from wait(2)
  rusage const& used;
  // The peak memory in `used` may be the server's: a program counts from before its exec, when it
  // still shares the server's memory.
  bool peak_may_be_the_servers = false;
  // Whether the server had told it to end before it did.
  bool stopped = false;
};

// The exchange failed or was refused; what follows is the error page.
struct failed {
  http::http_error const& error;
};

// The raw bytes of the response head. Not reported for non-parsed headers.
struct response_head {
  std::string_view bytes;
  std::string_view framing;  // "content-length", "chunked", "until close" or "none"
};

// Content as it was sent, without framing. Of a file that the kernel sends, the first bytes, and
// how much was sent since the last report.
struct response_bytes {
  std::string_view bytes;
  std::uint64_t sent;  // at least as many
};

// The exchange is over. Nothing follows but what its script writes to stderr and how that ends.
struct ended {
  http::exchange_record const& record;
};

using event =
    std::variant<request_head, request_parsed, routed, script_found, variable, program_described,
                 application_described, queued, application_asked, record_passed,
                 application_raised, worker_ended, process_started, stdin_bytes, stdout_bytes,
                 header_line, header_block, remark, stderr_line, process_ended, failed,
                 response_head, response_bytes, ended>;

}  // namespace gatehouse::trace
