#pragma once
// Renders a directory listing as an HTML page or as JSON. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/files/listing.hpp"

namespace gatehouse::files {

// Goes with the page as Content-Security-Policy: it has its style and one script inline, which is
// known by its hash (a browser that does not run it prints the one that it would take), and loads
// nothing.
inline constexpr std::string_view listing_page_policy =
    "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'sha256-g+k24liFDnXuA5aHIZDsRgWcxAsjg9xTRwZdwB+Y+/c='";

// What of a listing is asked for, and how.
struct listing_view {
  std::string url_path;  // of the directory, decoded; ends in a slash
  sorting order = {};    // that of the entries
  std::size_t page = 1;  // of a page for people; over the last one: the last one
  bool as_json = false;
};

// A listing's text, made piece by piece, so that a long one neither takes long nor much memory at a
// time.
//
// For people: a page of at most limits::listing_page_entries entries with links to the others.
// Sorting is done by links back to the server. Where scripts run, times are in the reader's time
// zone, and a page of more than limits::unfiltered_listing_entries has a box that filters its rows;
// else times are in UTC. Links to entries are relative.
//
// As JSON, all of it: {"path", "entries": [{"name", "href", "type": "file" or "directory", "size"
// (bytes, of files only), "modified" (ISO 8601, UTC)}]}. href is relative to the path; a name that
// is not UTF-8 is exact only there.
class listing_text {
 public:
  // list outlives the text; its entries are in the view's order.
  listing_text(listing const& list, listing_view view);

  // Appends the next piece, of some dozens of entries; false if there is no more.
  bool append_next(std::string& to);

 private:
  enum class part { head, entries, tail, end };
  void append_entries(std::string& to);

  listing const& list_;
  listing_view view_;
  std::size_t pages_;
  std::size_t first_;  // of the entries that are shown
  std::size_t next_;
  std::size_t end_;
  part part_ = part::head;
};

// All pieces at once.
std::string whole_text(listing const& list, listing_view view);

// "0 B", "1023 B", "1.0 KiB", "12 MiB".
std::string human_size(std::uint64_t bytes);

}  // namespace gatehouse::files
