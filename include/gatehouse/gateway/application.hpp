#pragma once
// An application that is asked for a script, instead of starting the script: what --interpreter
// names by an address. The gateway that finds scripts asks it by this interface.

#include <string>

#include "gatehouse/gateway/script_target.hpp"
#include "gatehouse/http/handler.hpp"

namespace gatehouse::gateway {

class application {
 public:
  application() = default;
  application(application const&) = delete;
  application& operator=(application const&) = delete;
  virtual ~application() = default;

  // In words: "FastCGI application at unix:/run/php.sock".
  virtual std::string const& text() const = 0;

  // As http::handler::handle().
  virtual base::task<http::outcome> ask(script_target target, http::request const& request,
                                        http::body_source& request_body,
                                        http::exchange_context& context) = 0;
};

}  // namespace gatehouse::gateway
