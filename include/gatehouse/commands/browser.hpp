#pragma once
// The browser of the person who has typed a command.

#include <string>

namespace gatehouse::commands {

// Whether somebody is there to look: standard error is a terminal, and there is a desktop (DISPLAY
// or WAYLAND_DISPLAY).
bool has_desktop();

// Starts xdg-open with the URL, in a session of its own, so that CTRL+C does not end a browser that
// it has become. Waits for nothing; a server reaps it. Whether it could be started.
bool open_browser(std::string const& url);

}  // namespace gatehouse::commands
