#pragma once
// Serving from the first line that is printed to the end of the process.

#include <functional>
#include <string>
#include <string_view>

#include "gatehouse/app/server.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::app {

// What there is to open, a line each, for a person who has just started the server: the programs,
// the tour, the inspector. url: of the root, "http://127.0.0.1:8000/". chosen: with its directories
// resolved. Empty if there is none of them.
std::string guide_text(std::string_view url, config::options const& chosen);

// Makes the server, prints the one line on standard output that says that it is ready, and then,
// where standard error is a terminal, the guide there. Calls when_ready, if there is one, with the
// URL of the root, and serves until the end. Gives the exit status.
int serve(config::options chosen, server::option_source again,
          std::function<void(std::string const& url)> const& when_ready = {});

}  // namespace gatehouse::app
