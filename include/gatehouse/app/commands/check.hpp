#pragma once
// `gatehouse check`: what is wrong with the programs that the server would run.

#include "gatehouse/app/commands.hpp"

namespace gatehouse::app {

// Exit status 0: nothing is wrong, warnings aside; 1: errors were found; 2: used wrongly.
int check_command(command_call const& call);

}  // namespace gatehouse::app
