#pragma once
// `/-/health`, for load balancers: that this process is there, until it ends. It answers every
// client, tells nothing else, and is not in the access log.

#include <string_view>

#include "gatehouse/http/handler.hpp"

namespace gatehouse::app {

inline constexpr std::string_view health_path = "/-/health";

class health final : public http::handler {
 public:
  // GET and HEAD: 200 and "ok", also while the server stops or another one takes over. 405 for
  // other methods, 404 for what lies below the path. Never stored by a cache. Does not suspend.
  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context& context) override;
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;
};

}  // namespace gatehouse::app
