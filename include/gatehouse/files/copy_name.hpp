#pragma once
// Names that scripts and their copies go by. Pure.

#include <string_view>

#include "gatehouse/files/media_type.hpp"

namespace gatehouse::files {

// Whether a file of this name (without directories) is by its name a script with this extension, or
// was made of one. Editors, package managers, compressors and people name a copy by putting
// something behind the name of what they copy ("a.php~", "a.php.orig.gz", "a.php_bak", "a.php.1",
// "a.phps"), so the rule is that the extension stands anywhere in the name, in any case. The one
// exception: with two or more letters behind it, it is the beginning of another extension if
// that is one of a known media type (".json" is not a copy of a ".js").
bool holds_script_extension(std::string_view name, std::string_view extension,
                            media_type_table const& known);

}  // namespace gatehouse::files
