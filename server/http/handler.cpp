#include "gatehouse/http/handler.hpp"

namespace gatehouse::http {

base::task<outcome> answered(outcome known) {
  co_return known;
}

outcome without_body(outcome from) {
  if (auto* r = std::get_if<response>(&from)) {
    if (r->status == 200) r->unsent_length = body_length(r->body);
    r->body = std::monostate();
  }
  return from;
}

}  // namespace gatehouse::http
