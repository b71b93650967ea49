#pragma once
// How a gateway answers when a script cannot be asked, or does not answer: one function for each
// way to fail. Pure, but for those that look at the script's file.

#include <chrono>
#include <optional>
#include <string>

#include "gatehouse/base/error.hpp"
#include "gatehouse/gateway/script_target.hpp"
#include "gatehouse/http/error.hpp"

namespace gatehouse::gateway {

// Whether an error of a system call that was given a path says what that path is, and not that the
// system could not look.
bool is_about_path(base::error_code const& why);

// The answer when it could not: 503 out-of-resources, or 500 script-not-looked-at.
http::http_error not_looked_at(std::filesystem::path const& file, base::error_code const& why);

// RFC 3875, 4.1.5 lets a server refuse values of PATH_INFO. A line break is there to become one in
// a header that the script prints its path into (response splitting): 400.
std::optional<http::http_error> check_path_info(script_target const& target);

// A script that cannot be run as it lies there: 403 without its permission bit. Looks at the file,
// and into it for the diagnosis. path_variable: PATH as scripts get it.
std::optional<http::http_error> check_permission(script_target const& target,
                                                 std::string const& path_variable);

// The request's body was not taken (400, 408, 413, 499), or could not be kept (500, 503).
http::http_error body_failure(base::error_code const& why);

// Why a request got no place among those that run at once.
enum class queue_refusal { queue_full, timed_out, given_up };

// No place for one more request: 503; 499 if the client has given up.
http::http_error no_place(queue_refusal why, std::chrono::steady_clock::duration queue_timeout);

// A server without a launcher: 503.
http::http_error programs_not_run();

// The script was not started: 431, 500, 503, or as body_failure. Looks at the file.
http::http_error start_failure(base::error_code const& why, script_target const& target,
                               std::string const& path_variable, bool sandboxed);

// The script was stopped at one of its limits: 504.
http::http_error script_timeout(std::chrono::steady_clock::duration limit, bool by_silence);

// Its pipes failed, or the client that it worked for: 500, 503, or as body_failure.
http::http_error pipe_failure(base::error_code const& why);

// The script failed after its header and before any content: 502. how: "exited with status 3".
http::http_error script_failed(std::string const& how);

// The script said that its content is in chunks, and it is not: 502.
http::http_error bad_chunks();

}  // namespace gatehouse::gateway
