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

// How much content the script's header promises and how much it has printed, where these differ and
// the exchange was remarked for it.
struct wrong_length {
  std::uint64_t promised;
  std::uint64_t printed;
};
std::optional<wrong_length> wrong_length_of(trace::recording const& of);

}  // namespace gatehouse::show
