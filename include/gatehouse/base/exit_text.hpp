#pragma once
// How a program ended, in words.

#include <string>

namespace gatehouse::base {

// "exited with status 1", "was killed by signal 11 (segmentation fault)". wait_status: as from
// wait(2); what is none of these ends "in a way that the system did not tell". Pure.
std::string exit_text(int wait_status);

}  // namespace gatehouse::base
