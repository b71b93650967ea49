#pragma once
// The interpreters whose scripts can start warm: by fork, out of a template
// (process/templates.hpp). What a template does stands in server/cgi/warm/, in its own language.

#include <string_view>

#include "gatehouse/process/templates.hpp"

namespace gatehouse::cgi {

// name: python3 or perl.
process::template_kind template_kind_named(std::string_view name);

}  // namespace gatehouse::cgi
