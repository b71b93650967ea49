#pragma once
// Which of the limits that hold a script it has met, as far as its end and its standard error tell.
// What only the script sees (an open that was refused, memory that it did not get) shows by what it
// says about it, if it does.

#include <sys/resource.h>

#include <string>
#include <vector>

#include "gatehouse/process/containment.hpp"

namespace gatehouse::cgi {

// How a script ended.
struct script_end {
  int wait_status = 0;  // as from wait(2)
  rusage used{};
  bool stopped = false;                     // by the server
  std::vector<std::string> stderr_lines{};  // the last ones
};

// Each as the rest of a sentence about the script, with the option's name: "used more than 2 s of
// processor time (--limit-cpu)". Pure.
std::vector<std::string> limits_met(process::containment const& held_by, script_end const& end);

}  // namespace gatehouse::cgi
