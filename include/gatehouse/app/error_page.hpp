#pragma once
// The answer to an exchange that was refused or failed. The one place where an http_error becomes
// bytes for the client.

#include <string_view>

#include "gatehouse/http/error.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/http/response.hpp"

namespace gatehouse::app {

enum class error_form { plain, html, json };

// HTML if Accept mentions text/html, else JSON if it mentions application/json, else plain text.
error_form preferred_error_form(std::string_view accept);

// status, reason phrase and one sentence about it; the fields and the close flag of the error. The
// diagnosis and the detail are shown to loopback clients only, not to those that a proxy speaks
// for, and not under a name that may be rebound. request is null if no head was parsed. inspected:
// the address at which the client may see this exchange in the inspector; empty if there is none.
// Pure.
http::response render_error(http::http_error const& error, http::request const* request,
                            bool client_is_loopback, std::string_view inspected = {});

}  // namespace gatehouse::app
