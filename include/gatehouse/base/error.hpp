#pragma once
// What can go wrong with an exchange after its head was read, as an error_code.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace gatehouse::base {

using error_code = boost::system::error_code;

template <class T>
using result = boost::system::result<T>;

enum class errc {
  client_gone = 1,    // the client closed or reset the connection
  timed_out,          // a deadline passed
  body_too_large,     // the request body is over the body limit
  malformed_body,     // the chunked framing of the request body is broken
  truncated,          // the producer ended before the length that it had promised
  too_slow,           // the client sends or takes less than the least rate
  spools_full,        // all spooled request bodies together are over their limit
  stopped,            // the work was given up from our side
  framing_too_large,  // there is more chunked framing than the request body's content needs
};

boost::system::error_category const& category();

inline error_code make_error_code(errc e) {
  return {static_cast<int>(e), category()};
}

// The value of errno, as an error_code. Call it before anything else can change errno.
error_code last_error();

// Whether the system has run out of something that it may have again in a moment: descriptors,
// memory, processes, or room on a disk. Neither the client nor the script is to blame then, and
// trying again later may help.
bool is_shortage(error_code const& ec);

}  // namespace gatehouse::base

template <>
struct boost::system::is_error_code_enum<gatehouse::base::errc> : std::true_type {};
