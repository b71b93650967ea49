#pragma once
// From what the command line names to directories that are there: the last step of the options that
// can fail before a socket is opened.

#include <filesystem>
#include <variant>

#include "gatehouse/config/options.hpp"

namespace gatehouse::config {

// Fills in the default directories, and makes root, cgi_bin and the targets of mappings absolute; a
// symbolic link in them stays one, so that it can be led elsewhere while the server runs. What a
// sandbox may reach becomes a path without links. Relative paths start at working_directory. The
// error names the first directory that is missing or cannot be read, or the first interpreter that
// cannot be run. The target of a cgi mapping may be a single program.
std::variant<options, usage_error> resolve_directories(
    options given,
    std::filesystem::path const& working_directory = std::filesystem::current_path());

}  // namespace gatehouse::config
