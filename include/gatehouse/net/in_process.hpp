#pragma once
// One request answered without a network: its bytes go to a connection as if a client on this
// machine had sent them, and what the connection sends is kept. Everything between is the server's
// own way of a request.

#include <string>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/net/connection.hpp"

namespace gatehouse::net {

struct in_process_limits {
  // A head that has not ended by then is refused (408).
  duration for_head = base::limits::composed_head_time;
  // The exchange is cut then.
  duration in_all = base::limits::composed_time;
  std::size_t kept_bytes = base::limits::composed_response_bytes;  // of the response
};

struct in_process_answer {
  std::string response;        // raw, at most kept_bytes
  std::uint64_t size = 0;      // of all that was sent
  bool cut = false;            // the time was over before the response
  std::uint64_t exchange = 0;  // its number (http::exchange_context); 0 if no head began
};

// The first request in the bytes, and its response. Suspends. Fails only if there are no
// descriptors. shared: as for any connection; its tracer is told of the exchange. from: who the
// client is said to be. asker: the exchange that asks for this one, if one does; this one is cut
// when its client leaves.
base::task<base::result<in_process_answer>> answer_in_process(
    std::shared_ptr<service const> shared, http::peer from, std::string request,
    in_process_limits limits, http::exchange_context* asker = nullptr);

}  // namespace gatehouse::net
