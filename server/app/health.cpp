#include "gatehouse/app/health.hpp"

namespace gatehouse::app {
namespace {

http::http_error refusal(unsigned status, std::string_view reason) {
  http::http_error error{.status = status, .reason = reason};
  error.fields.add("Cache-Control", "no-store");
  return error;
}

http::outcome answer(http::request const& request) {
  if (request.target.path != health_path) return refusal(404, "health-no-page");
  if (request.method != "GET" && request.method != "HEAD") {
    auto error = refusal(405, "method-not-allowed");
    error.fields.add("Allow", "GET, HEAD");
    return error;
  }
  http::response out;
  out.fields.add("Content-Type", "text/plain; charset=utf-8");
  out.fields.add("Cache-Control", "no-store");
  out.body = http::make_buffer("ok\n");
  return out;
}

}  // namespace

std::optional<http::outcome> health::answer_at_once(http::request const& request,
                                                    http::exchange_context&) {
  return answer(request);
}

base::task<http::outcome> health::handle(http::request const& request, http::body_source&,
                                         http::exchange_context&) {
  co_return answer(request);
}

}  // namespace gatehouse::app
