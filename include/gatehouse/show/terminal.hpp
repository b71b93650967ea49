#pragma once
// The terminal that a command was started from, and what it prints there for people.

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::show {

// Whether the descriptor is a terminal that shows colours and nobody has said no: NO_COLOR is unset
// or empty, and TERM is not "dumb".
bool shows_colours(int descriptor);

enum class colour { plain, bold, faint, red, yellow, green, blue };

// The text in that colour, if coloured. The text is taken as it is.
std::string in_colour(colour which, std::string_view text, bool coloured);

// The terminals among the descriptors 0, 1 and 2, as they were when this was made.
class terminals {
 public:
  terminals();

  // Whether one of them was closed since then, with its window or with the connection to it.
  bool any_closed() const;

 private:
  std::vector<int> descriptors_;
};

}  // namespace gatehouse::show
