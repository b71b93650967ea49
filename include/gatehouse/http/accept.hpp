#pragma once
// Proactive negotiation (RFC 9110, 12): which of the representations at hand a request would
// rather have. Pure.

#include <optional>
#include <span>
#include <string_view>

#include "gatehouse/http/fields.hpp"

namespace gatehouse::http {

// The one of available (lower-case names, the server's favourite first) that Accept-Encoding asks
// for; nothing for no coding at all (RFC 9110, 12.5.3). The highest weight wins, and at equal
// weights the earlier of available, and any coding before "identity". Without the field, or where
// it accepts nothing that there is, no coding. x-gzip is gzip; elements with a malformed weight
// are passed over. The result is one of the views in available.
std::optional<std::string_view> preferred_coding(fields const& request_fields,
                                                 std::span<std::string_view const> available);

// Whether Accept gives application/json a higher weight than text/html (RFC 9110, 12.5.1: the most
// specific range counts). Parameters of media ranges are not looked at. A tie, no field at all and
// a field that accepts neither are for HTML.
bool prefers_json(fields const& request_fields);

}  // namespace gatehouse::http
