#pragma once
// The entries of a directory that a listing shows, and their order.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/files/document_root.hpp"
#include "gatehouse/http/error.hpp"

namespace gatehouse::files {

struct listing_entry {
  std::string name;  // as in the file system: any bytes but "/" and NUL
  bool is_directory = false;
  std::uint64_t size_bytes = 0;  // 0 for directories
  std::chrono::sys_seconds modified;
};

struct listing {
  std::vector<listing_entry> entries;
  bool truncated = false;  // there are more than limits::listing_entries
};

enum class sort_key { name, size, modified };

struct sorting {
  sort_key key = sort_key::name;
  bool descending = false;
  bool operator==(sorting const&) const = default;
};

// The entries of a directory in no order. path is the decoded URL path that directory was opened
// by. Left out are dotfiles, what is neither a regular file nor a directory, and directories and
// symbolic links that root would not open (hidden ones, links that leave the root). Blocks for as
// long as the file system does. Errors: 503 as document_root::open, 500 listing-failed.
http::result<listing> read_listing(document_root const& root, open_file directory,
                                   std::string_view path);

// What a query asks for: "sort=name|size|date" and "order=asc|desc"; all else is ignored. Pure.
sorting parse_sorting(std::string_view query);

// Directories first, then by the key; equal ones by name. Names compare without ASCII case, and
// runs of digits as numbers ("img9" before "img10"). Pure.
void sort_entries(listing& list, sorting order);

}  // namespace gatehouse::files
