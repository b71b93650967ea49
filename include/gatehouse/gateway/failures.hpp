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

// A time for people: "2 s", "250 ms".
std::string seconds_text(std::chrono::steady_clock::duration time);

// Whether the error of a system call says something about the path that it was given. Other errors
// mean that the system could not look at the path.
bool is_about_path(base::error_code const& why);

// The answer when the system could not look at a path: 503 out-of-resources, or 500
// script-not-looked-at.
http::http_error not_looked_at(std::filesystem::path const& file, base::error_code const& why);

// 400 for a PATH_INFO with a line break, which could become one in a header that the script prints
// its path into (response splitting). RFC 3875, 4.1.5 lets a server refuse values of PATH_INFO.
std::optional<http::http_error> check_path_info(script_target const& target);

// 403 for a script that this process may not execute, or not read if an interpreter runs it. Checks
// the file, and reads its beginning for the diagnosis. path_variable: PATH as scripts get it.
std::optional<http::http_error> check_permission(script_target const& target,
                                                 std::string const& path_variable);

// The answer when the request's body could not be read (400, 408, 413, 499) or kept (500, 503).
http::http_error body_failure(base::error_code const& why);

// Why a request got no place among those that run at once.
enum class queue_refusal { queue_full, timed_out, given_up };

// The answer when there is no place for one more request: 503, or 499 if the client has left.
http::http_error no_place(queue_refusal why, std::chrono::steady_clock::duration queue_timeout);

// The answer of a server that only describes its programs: 503.
http::http_error programs_not_run();

// The answer when the script could not be started: 431, 500, 503, or that of body_failure. Reads
// the file for the diagnosis.
http::http_error start_failure(base::error_code const& why, script_target const& target,
                               std::string const& path_variable, bool sandboxed);

// The answer when the script was stopped at its timeout (by_silence) or its deadline: 504.
http::http_error script_timeout(std::chrono::steady_clock::duration limit, bool by_silence);

// The answer when one of the script's pipes failed, or its client has left: 500, 503, or that of
// body_failure.
http::http_error pipe_failure(base::error_code const& why);

// The answer when the script failed after its header and before any content: 502. how: "exited with
// status 3".
http::http_error script_failed(std::string const& how);

// The answer when the script says that its content is in chunks, and it is not: 502.
http::http_error bad_chunks();

}  // namespace gatehouse::gateway
