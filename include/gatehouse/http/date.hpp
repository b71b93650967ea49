#pragma once
// HTTP-date (RFC 9110, 5.6.7). Pure.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::http {

// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". Years outside 0 to 9999 become the nearest that the
// format can say.
std::string format_date(std::chrono::sys_seconds when);

// Any of the three forms: IMF-fixdate, RFC 850 (two-digit years more than 50 years after `now` are
// in the past), asctime. Nothing if it is none of them or names no real day and time. Whether the
// day name fits the date is not looked at.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text,
                                                   std::chrono::sys_seconds now);

}  // namespace gatehouse::http
