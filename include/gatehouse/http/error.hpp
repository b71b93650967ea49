#pragma once
// A request that is refused or has failed, as a value. Handlers and parsers return it, and only the
// connection renders it as a response.

#include <boost/system/result.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/fields.hpp"

namespace gatehouse::http {

// Why a script failed or a name leads nowhere, for the person who wrote it. Shown to loopback
// clients only.
struct diagnosis {
  std::string explanation = {};     // one or two sentences
  std::string file = {};            // the path of the file that it is about, if any
  std::string nearest = {};         // the address that was probably meant, as it is in explanation
  std::string command = {};         // a shell command that mends it or shows the cause, if any
  std::string output_excerpt = {};  // a part of what the script printed, as a rule its beginning
  std::size_t excerpt_line = 1;     // the number of the excerpt's first line in the output
  std::size_t marked_line = 0;      // the number of the line that is at fault; 0: none
  std::vector<std::string> stderr_lines = {};  // the last lines of the script's stderr
  std::vector<std::string> traceback = {};     // of a Python application's exception
};

struct http_error {
  unsigned status = 500;
  std::string_view reason;   // reason code, a literal such as "target-escapes-root"
  std::string detail = {};   // one line for the log
  http::fields fields = {};  // Allow, Retry-After, Content-Range and the like
  bool close = false;        // the connection cannot go on after this
  diagnosis help = {};       // empty explanation: none
};

// 503: there is no room for the request now, and its client may come back after a while.
http_error try_again_later(std::string_view reason, std::string detail,
                           std::chrono::steady_clock::duration after = base::limits::retry_after);

// Adds Retry-After (RFC 9110, 10.2.3) in whole seconds, at least one, unless the error has one.
void add_retry_after(http_error& error,
                     std::chrono::steady_clock::duration after = base::limits::retry_after);

// Parsers give a value or the error that the client is to be answered with.
template <class T>
using result = boost::system::result<T, http_error>;

[[noreturn]] void throw_exception_from_error(http_error const& e,
                                             boost::source_location const& where);

// The reason phrase that RFC 9110, 15 gives a status code; "Unknown" for others.
std::string_view reason_phrase(unsigned status);

// What an error comes to for whoever sent the request: one whole sentence, without details.
std::string_view sentence_for(http_error const& error);

}  // namespace gatehouse::http
