#pragma once
// `/-/health`, for load balancers: whether this server takes requests. It answers every client,
// tells nothing else, and is not in the access log.

#include <atomic>
#include <string_view>

#include "gatehouse/http/handler.hpp"

namespace gatehouse::app {

inline constexpr std::string_view health_path = "/-/health";

class health final : public http::handler {
 public:
  // stopping: outlives the handler; any thread may change it.
  explicit health(std::atomic<bool> const& stopping) : stopping_(stopping) {}

  // GET and HEAD: 200 and "ok", or 503 and "stopping". 405 for other methods, 404 for what lies
  // below the path. Never stored by a cache. Does not suspend.
  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context& context) override;
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  http::outcome answer(http::request const& request) const;

  std::atomic<bool> const& stopping_;
};

}  // namespace gatehouse::app
