#pragma once
// One exchange from its request to what is to be sent for it, however either travels: asks the
// handler, renders errors, and tells the log and the tracer. A session makes one for each request
// head that begins, adds what its own way of carrying requests has to, and sends the response.

#include <optional>

#include "gatehouse/net/service.hpp"

namespace gatehouse::net {

class exchange_runner : public http::exchange_context {
 public:
  // The service outlives the exchange. connected: for the tracer, if this is the first exchange of
  // its connection.
  exchange_runner(base::executor executor, http::peer const& client, service const& shared,
                  std::optional<http::steady_time> connected);

  // The handler's answer, if it needs neither the body nor any waiting. Does not suspend. What a
  // handler throws is an answer here: an error, after which the connection ends.
  std::optional<http::outcome> ask_at_once(http::request const& request);
  // As handler::handle. What it throws is an answer, too.
  base::task<http::outcome> ask(http::request const& request, http::body_source& body);

  // What the client is to be sent, which is then the outcome; null if it has left.
  http::response* to_response(http::outcome& outcome, http::request const& request);
  // What is sent for a head that cannot become a request.
  http::response to_response(http::http_error const& error);

  // The last step of every exchange. The request is null if its head could not be parsed.
  void end(http::request const* request, base::error_code const& error);

 private:
  bool is_reported() const { return shared_.log_exchange || trace_sink; }

  service const& shared_;
};

}  // namespace gatehouse::net
