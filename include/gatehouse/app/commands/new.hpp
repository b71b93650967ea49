#pragma once
// `gatehouse new NAME.EXT`: a starter program in the directory of programs.

#include "gatehouse/app/commands.hpp"

namespace gatehouse::app {

// Exit status 0: made; 1: could not be made; 2: used wrongly.
int new_command(command_call const& call);

}  // namespace gatehouse::app
