#pragma once
// How the log names a program that runs.

#include <sys/types.h>

#include <string>
#include <string_view>

namespace gatehouse::base {

// "/cgi-bin/calc[1234]"; "/cgi-bin/calc" where it has no process (pid 0). Pure.
std::string program_text(std::string_view name, pid_t pid);

}  // namespace gatehouse::base
