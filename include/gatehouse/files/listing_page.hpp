#pragma once
// Renders a directory listing as an HTML page or as JSON. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/files/listing.hpp"

namespace gatehouse::files {

// Goes with the page as Content-Security-Policy: it has its style inline and loads nothing.
inline constexpr std::string_view listing_page_policy =
    "default-src 'none'; style-src 'unsafe-inline'";

// The page for the directory at the decoded URL path, which ends in a slash. It has no script:
// sorting is done by links back to the server. Links to entries are relative to the path.
std::string render_html(listing const& list, sorting order, std::string_view url_path);

// {"path", "truncated", "entries": [{"name", "href", "type": "file" or "directory", "size" (bytes,
// of files only), "modified" (ISO 8601, UTC)}]}. href is relative to the path; a name that is not
// UTF-8 is exact only there.
std::string render_json(listing const& list, std::string_view url_path);

// "0 B", "1023 B", "1.0 KiB", "12 MiB".
std::string human_size(std::uint64_t bytes);

}  // namespace gatehouse::files
