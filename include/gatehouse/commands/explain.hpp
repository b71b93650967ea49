#pragma once
// `gatehouse explain TARGET`: what the server would do with a request.

#include "gatehouse/commands/commands.hpp"

namespace gatehouse::commands {

int explain_command(command_call const& call);

}  // namespace gatehouse::commands
