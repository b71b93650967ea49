#pragma once
// What commands print for people.

#include <string>
#include <string_view>

namespace gatehouse::app {

// Whether the descriptor is a terminal that shows colours and nobody has said no: NO_COLOR is unset
// or empty, and TERM is not "dumb".
bool shows_colours(int descriptor);

enum class colour { plain, bold, faint, red, yellow, green, blue };

// The text in that colour, if coloured. The text is taken as it is.
std::string in_colour(colour which, std::string_view text, bool coloured);

}  // namespace gatehouse::app
