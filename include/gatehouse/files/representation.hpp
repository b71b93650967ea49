#pragma once
// One of the forms that a file is there in (bare, .br, .gz), as a response describes it
// (RFC 9110, 8). Pure.

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "gatehouse/http/conditions.hpp"
#include "gatehouse/http/fields.hpp"

namespace gatehouse::files {

struct representation {
  std::string_view media_type;  // of the bare file; lives as long as the media types
  std::string_view coding;      // empty: the bare file; else a literal
  bool varies = false;          // there are other codings of the file
  std::uint64_t size = 0;
  http::validators validators;
};

// The entity tag is made of size, time and inode, which differ after every change and replacement
// of the file, and of the coding, which differs between its forms. A time in the future is not sent
// as such (RFC 9110, 8.8.2.1).
http::validators validators_of(struct stat const& status, std::string_view coding,
                               std::chrono::sys_seconds now);

// The fields that 200, 206 and 304 share (RFC 9110, 15.4.5).
http::fields common_fields(representation const& of);

// The fields of 200 and 206.
http::fields content_fields(representation const& of);

}  // namespace gatehouse::files
