#pragma once
// Percent-encoding (RFC 3986, 2.1). Pure.

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::http {

// The decoded bytes; nothing if a % is not followed by two hexadecimal digits. `+` stays `+`.
std::optional<std::string> percent_decoded(std::string_view text);

// Decoded path -> URL path: everything but unreserved, sub-delims, ":", "@" and "/" is encoded
// (pchar, RFC 3986, 3.3).
std::string percent_encoded_path(std::string_view path);

// The same as a reference that stays on this host: "//x/" would name another one.
std::string path_reference(std::string_view path);

}  // namespace gatehouse::http
