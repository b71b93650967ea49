#include "gatehouse/app/terminal.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace gatehouse::app {

bool colours_wanted(int descriptor) {
  // NO_COLOR counts when it is set and not empty.
  char const* const no_color = std::getenv("NO_COLOR");
  char const* const terminal = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && (no_color == nullptr || *no_color == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

}  // namespace gatehouse::app
