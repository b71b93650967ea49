#pragma once
// Why an exchange has failed, or half failed, for whoever wrote the script or sent the request:
// what the error page says and, where there was no error page, the same for an answer that was cut
// or whose script failed behind it. The inspector and `gatehouse explain` say it. Pure.

#include <optional>
#include <string>
#include <vector>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

struct printed_excerpt {
  std::string text;
  std::size_t first_line = 1;   // its number in the output
  std::size_t marked_line = 0;  // the number of the line that is at fault; 0: none
};

struct why {
  std::string title = {};     // "Why 502"
  std::string sentence = {};  // one or a few, in plain words
  std::string reason = {};    // reason code; empty: none
  std::string detail = {};    // what the log says of it
  std::string command = {};   // a shell command that mends it or shows the cause; empty: none
  std::optional<printed_excerpt> output = {};  // of what the script printed
  std::vector<std::string> stderr_lines = {};  // the last ones, limits::reason_stderr_lines at most
  std::vector<std::string> traceback = {};     // of a Python application's exception
};

// Nothing for an exchange that goes on, or went well.
std::optional<why> why_of(trace::recording const& of);

}  // namespace gatehouse::show
