#pragma once
// `gatehouse tour [DIRECTORY]`: a copy of the examples, served with the inspector on, and opened in
// a browser.

#include "gatehouse/commands/commands.hpp"

namespace gatehouse::commands {

// Serves until it is stopped. Exit status 1: it could not; 2: used wrongly.
int tour_command(command_call const& call);

}  // namespace gatehouse::commands
