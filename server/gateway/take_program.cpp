#include "gatehouse/gateway/take_program.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "gatehouse/gateway/failures.hpp"

namespace gatehouse::gateway {
namespace {

http::http_error no_program(process::pool::refusal why,
                            std::chrono::steady_clock::duration queue_timeout) {
  using refusal = process::pool::refusal;
  switch (why) {
    case refusal::queue_full:
      return no_place(queue_refusal::queue_full, queue_timeout);
    case refusal::timed_out:
      return no_place(queue_refusal::timed_out, queue_timeout);
    case refusal::given_up:
      return no_place(queue_refusal::given_up, queue_timeout);
    default:
      return http::try_again_later("out-of-resources", "no descriptor for a program's socket");
  }
}

}  // namespace

base::task<http::result<process::pool::lease>> take_program(
    process::pool& from, std::chrono::steady_clock::duration queue_timeout,
    http::exchange_context& context) {
  if (auto idle = from.acquire_now(context.get_executor())) co_return std::move(*idle);
  std::unique_ptr<http::subscription> client;
  std::function<void(std::function<void()>)> const on_wait = [&](std::function<void()> give_up) {
    client = context.when_client_leaves(std::move(give_up));
  };
  auto const since = std::chrono::steady_clock::now();
  auto got = co_await from.acquire(context.get_executor(), queue_timeout, on_wait);
  context.record.queued = std::chrono::steady_clock::now() - since;
  if (!got.program) co_return no_program(got.why, queue_timeout);
  co_return std::move(got.program);
}

}  // namespace gatehouse::gateway
