#pragma once
// `gatehouse explain TARGET`: what the server would do with a request.

#include "gatehouse/app/commands.hpp"

namespace gatehouse::app {

int explain_command(command_call const& call);

}  // namespace gatehouse::app
