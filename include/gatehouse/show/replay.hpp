#pragma once
// An exchange as a command that repeats it: the request by curl(1), or the program alone, without a
// server. Text for a POSIX shell, in UTF-8, without control characters other than line feeds. Pure.

#include <string>
#include <string_view>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

// Whether all of the request's content was kept, as far as that is known.
bool has_whole_body(trace::recording const& of);

// Runs the program as the server did, or would: directory, arguments, environment and standard
// input, which is left out if the program is to read none. Empty if no program was described.
std::string shell_command(trace::recording const& of, std::string_view standard_input);

// The same with the standard input that was recorded; empty also if that is not all there was.
std::string shell_command(trace::recording const& of);

// Sends the request again to the server that had it. Empty if the head could not be parsed, or if
// less of the body was kept than there was.
std::string curl_command(trace::recording const& of);

}  // namespace gatehouse::show
