#pragma once
// The entries of a directory that a listing shows, and their order.

#include <dirent.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
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
  std::size_t directories = 0;   // of the entries
  std::uint64_t size_bytes = 0;  // of all files together
};

enum class sort_key { name, size, modified };

struct sorting {
  sort_key key = sort_key::name;
  bool descending = false;
  bool operator==(sorting const&) const = default;
};

// Reads a directory, as many names at a time as its caller has the time for. The entries come in no
// order. Left out are dotfiles, what is neither a regular file nor a directory, and directories and
// symbolic links that root would not open (hidden ones, links that leave the root).
class listing_reader {
 public:
  // path is the decoded URL path that directory was opened by; root outlives the reader.
  listing_reader(document_root const& root, open_file const& directory, std::string path);

  // Looks at so many more names and says whether there may be more of them. Blocks for as long as
  // the file system does. Errors: 503 as document_root::open, 500 listing-failed.
  enum class progress { at_end, unfinished };
  http::result<progress> read_some(std::size_t names);

  // What was read.
  listing take() { return std::move(list_); }

  // How much memory that takes.
  std::size_t size_bytes() const { return size_bytes_; }

 private:
  struct closer {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  void add(listing_entry entry);

  document_root const& root_;
  std::string path_;
  std::unique_ptr<DIR, closer> stream_;
  listing list_;
  std::size_t size_bytes_ = 0;
};

// What a query asks for: "sort=name|size|date" and "order=asc|desc"; all else is ignored. Pure.
sorting parse_sorting(std::string_view query);

// Which page of a long listing a query asks for ("page=3"), from 1; the first if it asks for none.
// Pure.
std::size_t parse_page(std::string_view query);

// Directories first, then by the key; equal ones by name. Names compare without ASCII case, and
// runs of digits as numbers ("img9" before "img10"). Pure.
void sort_entries(listing& list, sorting order);

}  // namespace gatehouse::files
