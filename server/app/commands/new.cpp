#include "gatehouse/app/commands/new.hpp"

#include <iostream>

namespace gatehouse::app {

int new_command(command_call const&) {
  std::cerr << "gatehouse: new is not there yet" << std::endl;
  return command_found_faults;
}

}  // namespace gatehouse::app
