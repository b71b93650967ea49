#pragma once
// How a gateway answers when an application that runs elsewhere cannot be asked, or does not answer
// as its protocol wants. Pure: one function for each way to fail.

#include <chrono>
#include <string_view>

#include "gatehouse/base/error.hpp"
#include "gatehouse/fastcgi/records.hpp"
#include "gatehouse/http/error.hpp"

namespace gatehouse::remote {

// who: "FastCGI application at unix:/run/app.sock".

// The answer when no connection could be made: 502; 504 where nobody answered in time (ETIMEDOUT),
// and 503 where the system has run out of something.
http::http_error not_connected(std::string_view who, base::error_code const& why);

// The answer when the application's backlog is full: 503.
http::http_error backlog_full(std::string_view who);

// The answer when nothing came for so long: 504.
http::http_error no_answer(std::string_view who, std::chrono::steady_clock::duration limit);

// The answer when the connection ended, or failed, before there was an answer: 502.
http::http_error closed_early(std::string_view who, base::error_code const& why);

// The answer to a record that FastCGI does not allow: 502.
http::http_error bad_record(std::string_view who, fastcgi::fault what);

// The answer to an END_REQUEST that says that the request was not done: 503 or 502.
http::http_error refused(std::string_view who, fastcgi::protocol_status how);

}  // namespace gatehouse::remote
