#include "gatehouse/http/handler.hpp"

namespace gatehouse::http {

base::task<outcome> answered(outcome known) {
  co_return known;
}

}  // namespace gatehouse::http
