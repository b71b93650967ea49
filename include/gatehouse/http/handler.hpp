#pragma once
// The interface between the server and whatever answers requests: a handler turns a request into a
// response. The static files, the gateways to programs and the router itself are handlers.

#include <optional>
#include <string>
#include <variant>

#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/error.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/http/response.hpp"

namespace gatehouse::http {

// RFC 3875, 6.2.2: answer as if the client had sent a GET for this path and query.
struct local_redirect {
  std::string target;
};

using outcome = std::variant<response, http_error, local_redirect>;

class handler {
 public:
  virtual ~handler() = default;

  // Returns the answer if it needs neither the request body nor any waiting. Otherwise it returns
  // nothing, and handle() is called. Does not suspend.
  virtual std::optional<outcome> answer_at_once(request const&, exchange_context&) {
    return std::nullopt;
  }

  // Suspends. The three references outlive the call and the response body: what the response owns
  // may use them until its finish() has returned. A handler need not read the request body.
  virtual base::task<outcome> handle(request const& request, body_source& request_body,
                                     exchange_context& context) = 0;
};

// What handle() gives where the answer is known without waiting.
base::task<outcome> answered(outcome known);

// The same answer without its body, for HEAD (RFC 9110, 9.3.2).
outcome without_body(outcome from);

}  // namespace gatehouse::http
