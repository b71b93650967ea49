#pragma once
// What has become of a recorded exchange, at a glance: what answers it, how far it has come, and
// all of that in one line for people. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

enum class outcome {
  waiting,               // there is no answer yet
  sending,               // its head has been sent, and its end has not
  answered,              // with what was asked for
  failed,                // with an error instead
  answered_then_failed,  // the answer is cut, or the script failed behind it
  client_left,           // before the answer was complete
};

outcome outcome_of(trace::recording const& of);

// "waiting", "sending", ...
std::string_view name_of(outcome what);

// "script" for whatever leads to programs, also when it fails; else "error", "file" or "other".
std::string_view kind_of(trace::recording const& of);

// "200 OK after 12 ms", "no answer yet; process 7 runs", "the client left after 2.0 s; process 7
// was ended by SIGTERM".
std::string verdict(trace::recording const& of);

// 0.4 ms, 12 ms, 2.0 s
std::string brief_time(std::chrono::microseconds time);

// "502 Bad Gateway"
std::string status_text(unsigned status);

// "418 I am a teapot": of the response, with the phrase that its head has.
std::string status_text(trace::recording const& of);

// Whether the script has failed by itself: the server had not told it to end.
bool ended_badly(trace::recording const& of);

// Whether the client has all that was to be sent; that is the head alone where there is no content.
bool answer_is_whole(trace::recording const& of);

// How much content a script promises by its Content-Length and how much it has printed, where these
// differ.
struct wrong_length {
  std::uint64_t promised;
  std::uint64_t printed;
  bool at_least = false;  // it was stopped while it printed
};
// Of a script's header, if the exchange was remarked for it.
std::optional<wrong_length> wrong_length_of(trace::recording const& of);

// Whether the script writes the whole response, with its head, and the server none of it (nph-).
bool writes_whole_response(trace::recording const& of);

// What is wrong with such a response, once it has been sent.
struct raw_fault {
  std::string first_line;              // if it is no status line
  std::optional<wrong_length> length;  // else
};
std::optional<raw_fault> raw_fault_of(trace::recording const& of);

// Where the last program's local redirect leads (RFC 3875, 6.2.2); empty: there was none.
std::string local_redirect_of(trace::recording const& of);
std::string local_redirect_of(trace::redirecting_script const& of);

}  // namespace gatehouse::show
