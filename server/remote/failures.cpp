#include "gatehouse/remote/failures.hpp"

#include <string>
#include <utility>

#include "gatehouse/gateway/failures.hpp"

namespace gatehouse::remote {
namespace {

http::http_error failure(unsigned status, std::string_view reason, std::string detail) {
  http::http_error error{.status = status, .reason = reason};
  error.detail = std::move(detail);
  return error;
}

// What mends it, as far as the error tells.
std::string_view remedy(base::error_code const& why) {
  using boost::system::errc::errc_t;
  if (why == errc_t::connection_refused) return " Nothing listens there: is it running?";
  if (why == errc_t::no_such_file_or_directory)
    return " There is no such socket: is it running, and does it listen at another path?";
  if (why == errc_t::permission_denied)
    return " The server's user may not connect to that socket: it needs permission to write to it.";
  if (why == errc_t::timed_out)
    return " Nothing there answers: is the address right, and does a firewall let it through?";
  return {};
}

}  // namespace

http::http_error not_connected(std::string_view who, base::error_code const& why) {
  auto const detail = std::string(who) + ": " + why.message();
  if (base::is_shortage(why)) return http::try_again_later("out-of-resources", detail);
  bool const late = why == boost::system::errc::timed_out;
  auto error = failure(late ? 504 : 502, "application-unreachable", detail);
  error.help.explanation = "The server could not connect to the " + std::string(who) + ": " +
                           why.message() + "." + std::string(remedy(why));
  return error;
}

http::http_error backlog_full(std::string_view who) {
  auto error =
      http::try_again_later("application-backlog-full", std::string(who) + ": its backlog is full");
  error.help.explanation = "More requests wait for the " + std::string(who) +
                           " than its listening socket takes: it has too few processes, or they "
                           "are too slow.";
  return error;
}

http::http_error no_answer(std::string_view who, std::chrono::steady_clock::duration limit) {
  auto const what = std::string(who) + " sent nothing for " + gateway::seconds_text(limit);
  auto error = failure(504, "application-timeout", what);
  error.help.explanation = "The " + what + ". --script-timeout says how long the server waits.";
  return error;
}

http::http_error closed_early(std::string_view who, base::error_code const& why) {
  std::string text = " closed the connection before it had answered";
  if (base::is_shortage(why))
    return http::try_again_later("out-of-resources", std::string(who) + ": " + why.message());
  if (why) text += " (" + why.message() + ")";
  auto error = failure(502, "application-closed", std::string(who) + text);
  error.help.explanation = "The " + std::string(who) + text +
                           ". A process that is killed or crashes looks so; its own log may tell "
                           "more.";
  return error;
}

http::http_error bad_record(std::string_view who, fastcgi::fault what) {
  auto const text = std::string(fastcgi::text_of(what));
  auto error = failure(502, "fastcgi-bad-record", std::string(who) + " sent " + text);
  error.help.explanation = "The " + std::string(who) + " sent " + text +
                           ", which FastCGI does not allow. Does it speak FastCGI there?";
  return error;
}

http::http_error refused(std::string_view who, fastcgi::protocol_status how) {
  using fastcgi::protocol_status;
  if (how == protocol_status::overloaded)
    return http::try_again_later("fastcgi-overloaded", std::string(who) + " says FCGI_OVERLOADED");
  bool const role = how == protocol_status::unknown_role;
  auto error =
      failure(502, role ? "fastcgi-unknown-role" : "fastcgi-cant-mpx-conn",
              std::string(who) + " says " + (role ? "FCGI_UNKNOWN_ROLE" : "FCGI_CANT_MPX_CONN"));
  error.help.explanation =
      "The " + std::string(who) +
      (role ? " does not answer requests of the role FCGI_RESPONDER."
            : " took a connection for one that carries several requests, which none does.");
  return error;
}

}  // namespace gatehouse::remote
