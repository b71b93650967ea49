#include "gatehouse/app/commands/explain.hpp"

#include <iostream>

namespace gatehouse::app {

int explain_command(command_call const&) {
  std::cerr << "gatehouse: explain is not there yet" << std::endl;
  return command_found_faults;
}

}  // namespace gatehouse::app
