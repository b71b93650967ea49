#pragma once
// What is said in a few words of an exchange that an application in memory has, or should have,
// answered. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

// Whether it is one, as far as the exchange has come: a program was not started for the request.
bool is_in_memory(trace::recording const& of);

// Whether the server keeps it, in workers: a Python application, or a program with a path.
bool is_kept_by_us(trace::recorded_application const& which);

// "The application" or "The script", for a sentence to begin with.
std::string_view subject_of(trace::recording const& of);

// "flaskapp:app[123]", the worker of ours that has or had the request; empty: none.
std::string worker_of(trace::recording const& of);

// "exit code 1", "killed by SIGSEGV"
std::string brief_end(int wait_status);

// "SIGTERM"
std::string signal_name(int signal);

// The exception because of which such an application failed: one that it raised, or one that it
// wrote to its standard error, with its traceback, and answered with a 5xx by itself, as Flask and
// Django do.
std::optional<trace::recorded_exception> exception_of(trace::recording const& of);

// Why such an exchange has failed, for one line: "the application raised KeyError: 'x'". Empty
// where there is nothing to be said beside the status.
std::string brief_failure(trace::recording const& of);

}  // namespace gatehouse::show
