#pragma once
// Proactive negotiation (RFC 9110, 12): which of the available representations a request prefers.
// Pure.

#include <optional>
#include <span>
#include <string_view>

#include "gatehouse/http/fields.hpp"

namespace gatehouse::http {

// Chooses a content coding by Accept-Encoding (RFC 9110, 12.5.3) from `available`: lower-case
// names, the server's favourite first. The highest weight wins; at equal weights the earlier name
// wins, and any coding wins over "identity". Returns one of the views in `available`, or nothing,
// which means that the content is sent without a coding: also if the field is missing or accepts
// nothing that is available. x-gzip counts as gzip. Elements with a malformed weight are skipped.
std::optional<std::string_view> preferred_coding(fields const& request_fields,
                                                 std::span<std::string_view const> available);

// Whether Accept gives application/json a higher weight than text/html. The most specific range
// counts (RFC 9110, 12.5.1); parameters of media ranges are ignored. HTML is preferred at equal
// weights, without the field, and if the field accepts neither.
bool prefers_json(fields const& request_fields);

}  // namespace gatehouse::http
