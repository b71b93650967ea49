#pragma once
// What a program behind a gateway reads as the request's body, with its exact length (RFC 3875,
// 4.1.2 and 4.2). A body that is not ready to be handed on is waited for here, before its request
// takes a place among those that run: no slow client holds a program.

#include <cstdint>
#include <memory>
#include <optional>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/request.hpp"

namespace gatehouse::gateway {

// What goes into a program. At most one of body and file is there.
struct input_plan {
  http::body_source* body = nullptr;  // read until its end; outlives the work for the request
  std::unique_ptr<http::body_source> buffered;  // owns body if that is not the request's own
  // All of body can be read without suspending, and is at most limits::small_body_bytes.
  bool readable_at_once = false;
  base::unique_fd file;                 // the whole body, at its first byte
  base::budget::part spooled;           // what file takes
  std::optional<std::uint64_t> length;  // of the body, if there is one
};

// The request body as what a program reads, with its length. A chunked one is spooled first,
// because its length has to be known before the program is asked, and one that does not come at
// once is waited for (buffered_body.hpp): until it is whole, or `window` bytes came fast. Suspends
// until then. Errors: those of the body and of process::spool_file.
base::task<base::result<input_plan>> plan_input(
    http::request const& request, http::body_source& body,
    std::shared_ptr<base::budget> spool_space, http::exchange_context const& context,
    std::size_t window = base::limits::prompt_body_bytes);

}  // namespace gatehouse::gateway
