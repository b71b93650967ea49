#include "gatehouse/gateway/failures.hpp"

#include <unistd.h>

#include <utility>

#include "gatehouse/gateway/script_check.hpp"

namespace gatehouse::gateway {
namespace {

http::http_error failure(unsigned status, std::string_view reason, std::string detail) {
  http::http_error error{.status = status, .reason = reason};
  error.detail = std::move(detail);
  return error;
}

bool is_client_failure(base::error_code const& ec) {
  return ec.category() == base::category();
}

// The answer to a request whose body or connection failed while a script was waiting for it.
http::http_error input_failure(base::error_code why) {
  http::http_error error = failure(499, "client-gone", "the client left");
  if (why == base::errc::body_too_large) error = failure(413, "body-too-large", why.message());
  if (why == base::errc::malformed_body) error = failure(400, "bad-chunk", why.message());
  if (why == base::errc::framing_too_large)
    error = failure(413, "chunk-framing-too-large", why.message());
  if (why == base::errc::timed_out)
    error = failure(408, "body-timeout", "the request body stopped coming");
  if (why == base::errc::too_slow)
    error = failure(408, "body-too-slow", "the request body came slower than the least rate");
  error.close = true;
  return error;
}

start_rules rules_for(script_target const& target, std::string_view path_variable) {
  return {.path_variable = path_variable, .interpreted = !target.interpreter.empty()};
}

}  // namespace

std::string seconds_text(std::chrono::steady_clock::duration time) {
  auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

bool is_about_path(base::error_code const& why) {
  using boost::system::errc::errc_t;
  return why == errc_t::no_such_file_or_directory || why == errc_t::not_a_directory ||
         why == errc_t::permission_denied || why == errc_t::too_many_symbolic_link_levels ||
         why == errc_t::filename_too_long || why == errc_t::read_only_file_system ||
         why == errc_t::text_file_busy;
}

http::http_error not_looked_at(std::filesystem::path const& file, base::error_code const& why) {
  auto detail = file.string() + ": " + why.message();
  if (base::is_shortage(why)) return http::try_again_later("out-of-resources", std::move(detail));
  return {.status = 500, .reason = "script-not-looked-at", .detail = std::move(detail)};
}

std::optional<http::http_error> check_path_info(script_target const& target) {
  if (!target.path_info || target.path_info->find_first_of("\r\n") == std::string::npos)
    return std::nullopt;
  return failure(400, "path-info-line-break", "a line break in PATH_INFO");
}

std::optional<http::http_error> check_permission(script_target const& target,
                                                 std::string const& path_variable) {
  bool const interpreted = !target.interpreter.empty();
  if (::access(target.file.c_str(), interpreted ? R_OK : X_OK) == 0) return std::nullopt;
  auto const why = base::last_error();
  if (!is_about_path(why)) return not_looked_at(target.file, why);
  auto error = failure(403, interpreted ? "script-not-readable" : "script-not-executable",
                       target.file.string());
  if (auto help = check_script(target.file, rules_for(target, path_variable)))
    error.help = std::move(*help);
  error.help.file = target.file.string();
  return error;
}

http::http_error body_failure(base::error_code const& why) {
  if (why == base::errc::spools_full) return http::try_again_later("spool-limit", why.message());
  if (is_client_failure(why)) return input_failure(why);
  auto detail = "the request body cannot be kept: " + why.message();
  if (base::is_shortage(why)) return http::try_again_later("spool-failed", std::move(detail));
  return failure(500, "spool-failed", std::move(detail));
}

http::http_error no_place(queue_refusal why, std::chrono::steady_clock::duration queue_timeout) {
  switch (why) {
    case queue_refusal::queue_full:
      return http::try_again_later("script-queue-full", "all places and the queue are taken",
                                   queue_timeout);
    case queue_refusal::timed_out:
      return http::try_again_later("script-queue-timeout",
                                   "no place within " + seconds_text(queue_timeout), queue_timeout);
    case queue_refusal::given_up:
      break;
  }
  return input_failure(base::errc::client_gone);
}

http::http_error programs_not_run() {
  return failure(503, "programs-not-run", "this server only describes its programs");
}

http::http_error start_failure(base::error_code const& why, script_target const& target,
                               std::string const& path_variable, bool sandboxed) {
  using boost::system::errc::errc_t;
  if (is_client_failure(why)) return input_failure(why);
  if (base::is_shortage(why)) return http::try_again_later("out-of-resources", why.message());
  if (why == errc_t::argument_list_too_long) {
    // execve(2) limits each variable and all of them together. Only the client can have made its
    // fields so long.
    return failure(431, "environment-too-large",
                   "the request's fields are more than the system lets a program start with");
  }
  auto const& interpreter = target.interpreter;
  auto const started = interpreter.empty() ? target.file.string() : interpreter;
  auto error = failure(500, "script-start-failed", started + ": " + why.message());
  auto help = check_script(target.file, rules_for(target, path_variable));
  if (help) {
    error.help = std::move(*help);
  } else {
    auto const what = interpreter.empty() ? "The script" : "Its --interpreter " + interpreter;
    error.help.explanation = what + " cannot be started: " + why.message() + ".";
    if (why == errc_t::permission_denied && sandboxed) {
      error.help.explanation +=
          " In its sandbox it can run only what lies in its own directory, in the system's or in "
          "one of --sandbox-read, and what others may run.";
    }
  }
  error.help.file = target.file.string();
  return error;
}

http::http_error script_timeout(std::chrono::steady_clock::duration limit, bool by_silence) {
  auto const time = seconds_text(limit);
  auto error = failure(504, by_silence ? "script-timeout" : "script-deadline",
                       by_silence ? "no output for " + time : "still running after " + time);
  error.help.explanation =
      by_silence ? "The server waited " + time +
                       " for output of the script and then stopped it. --script-timeout says how "
                       "long a script may be silent."
                 : "The server waited " + time +
                       " for the script to end and then stopped it. --script-deadline says how "
                       "long a script may run.";
  return error;
}

http::http_error pipe_failure(base::error_code const& why) {
  if (is_client_failure(why)) return input_failure(why);
  if (base::is_shortage(why)) return http::try_again_later("out-of-resources", why.message());
  return failure(500, "script-pipe-failed", why.message());
}

http::http_error script_failed(std::string const& how) {
  auto error = failure(502, "script-failed", "printed its header and then " + how);
  error.help.explanation = "The script printed its header, and failed before any content.";
  return error;
}

http::http_error bad_chunks() {
  auto error = failure(502, "script-bad-chunks", "Transfer-Encoding: chunked, and no chunks");
  error.help.explanation =
      "The script printed Transfer-Encoding: chunked, and content that is not in chunks "
      "(RFC 9112, 7.1). Print the content as it is, without that header.";
  return error;
}

}  // namespace gatehouse::gateway
