#include "gatehouse/app/commands/check.hpp"

#include <iostream>

namespace gatehouse::app {

int check_command(command_call const&) {
  std::cerr << "gatehouse: check is not there yet" << std::endl;
  return command_found_faults;
}

}  // namespace gatehouse::app
