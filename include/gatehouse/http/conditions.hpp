#pragma once
// Conditional requests (RFC 9110, 13): what the preconditions of a request say about a
// representation. Pure.

#include <chrono>
#include <optional>
#include <string>

#include "gatehouse/http/request.hpp"

namespace gatehouse::http {

struct validators {
  std::string etag;  // strong, with its quotes
  std::chrono::sys_seconds last_modified;
};

// Whether the request has any precondition.
bool is_conditional(request const& request);

enum class precondition { pass, not_modified, failed };

// In the order of RFC 9110, 13.2.2: If-Match, else If-Unmodified-Since (412); If-None-Match, else
// If-Modified-Since (304, for GET and HEAD only). If-None-Match gives 304 for GET and HEAD, else
// 412. Invalid dates are ignored; an entity tag that is malformed matches nothing. Ask only where
// the answer would otherwise be a success (RFC 9110, 13.2.1). now: for two-digit years.
precondition evaluate(request const& request, validators const& current,
                      std::chrono::sys_seconds now);

// Whether Range applies: the method is GET (RFC 9110, 14.2), and there is no If-Range, or If-Range
// names the current representation by strong comparison of entity tags or by exact date
// (RFC 9110, 13.1.5). A date of the running second is no strong validator: the file may change
// again within it (RFC 9110, 8.8.2.2).
bool range_applies(request const& request, validators const& current, std::chrono::sys_seconds now);

}  // namespace gatehouse::http
