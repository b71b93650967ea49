#pragma once
// Names that copies of files go by. Pure.

#include <string_view>

namespace gatehouse::files {

// Without ASCII case.
bool has_ending(std::string_view name, std::string_view ending);

// The name of what a copy was made of by an editor, a package manager or a compressor, or what some
// file systems take a name for: "a.cgi.orig.gz", "a.cgi.~2~" and "a.cgi. ." -> "a.cgi". Any other
// name is its own.
std::string_view original_name(std::string_view name);

}  // namespace gatehouse::files
