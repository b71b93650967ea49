#include "gatehouse/show/terminal.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace gatehouse::show {
namespace {

std::string_view variable(char const* name) {
  char const* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string_view code_of(colour which) {
  switch (which) {
    case colour::bold:
      return "1";
    case colour::faint:
      return "2";
    case colour::red:
      return "31";
    case colour::yellow:
      return "33";
    case colour::green:
      return "32";
    case colour::blue:
      return "34";
    case colour::plain:
      break;
  }
  return "";
}

}  // namespace

bool shows_colours(int descriptor) {
  return variable("NO_COLOR").empty() && variable("TERM") != "dumb" && ::isatty(descriptor) == 1;
}

std::string in_colour(colour which, std::string_view text, bool coloured) {
  if (!coloured || which == colour::plain) return std::string(text);
  return "\033[" + std::string(code_of(which)) + "m" + std::string(text) + "\033[0m";
}

terminals::terminals() {
  for (int const fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::isatty(fd) == 1) descriptors_.push_back(fd);
  }
}

bool terminals::any_closed() const {
  return std::any_of(descriptors_.begin(), descriptors_.end(), [](int fd) {
    pollfd state{fd, 0, 0};
    return ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
  });
}

}  // namespace gatehouse::show
