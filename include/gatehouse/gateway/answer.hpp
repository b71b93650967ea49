#pragma once
// The last step of every gateway: what the program behind it prints is read and becomes the answer
// (RFC 3875, 6), or an error with its diagnosis.

#include <memory>

#include "gatehouse/gateway/responder.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/handler.hpp"
#include "gatehouse/http/request.hpp"

namespace gatehouse::gateway {

// The document, redirect or error out of what a program prints in CGI's form. The content is read
// as the client takes it. The head of the answer is held until its first content, the program's end
// or limits::head_hold. Errors: 502 (what it printed, or a failure before any content), and those
// of responder::failure(). The program has been finished, unless the answer is a response: that
// finishes it. Where the output deviates from RFC 3875, the log says so.
base::task<http::outcome> read_answer(std::unique_ptr<responder> program,
                                      http::request const& request,
                                      http::exchange_context& context);

// The same for a program that writes the whole response itself (RFC 3875, 5): its output goes to
// the client as it is, and the connection closes behind it.
base::task<http::outcome> read_raw_answer(std::unique_ptr<responder> program,
                                          http::exchange_context& context);

}  // namespace gatehouse::gateway
