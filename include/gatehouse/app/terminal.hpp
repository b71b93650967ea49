#pragma once
// What is printed for people to see on a terminal.

namespace gatehouse::app {

// Whether a descriptor is a terminal that is to get colours: not with NO_COLOR (no-color.org), nor
// on one that calls itself dumb.
bool colours_wanted(int descriptor);

}  // namespace gatehouse::app
