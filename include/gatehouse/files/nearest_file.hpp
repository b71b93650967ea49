#pragma once
// What a path that names no file was probably meant to be.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/files/document_root.hpp"

namespace gatehouse::files {

// The path of the file or directory whose name is nearest, of those in the same directory that the
// root would open; a directory's ends in a slash. path: decoded, below the root, with single
// slashes. is_withheld: of a name, whether it is never given out. At most limits::names_compared
// names are looked at, so that a directory of any size takes no longer. Blocks for as long as the
// file system does.
std::optional<std::string> nearest_file(
    document_root const& root, std::string_view path,
    std::function<bool(std::string_view name)> const& is_withheld);

}  // namespace gatehouse::files
