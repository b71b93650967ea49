#include "gatehouse/gateway/take_program.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::gateway {
namespace {

http::http_error no_program(process::pool::refusal why, std::string const& who,
                            std::chrono::steady_clock::duration limit) {
  using refusal = process::pool::refusal;
  http::http_error out;
  switch (why) {
    case refusal::queue_full:
      out = no_place(queue_refusal::queue_full, limit);
      out.help.explanation = "All workers of " + who +
                             " are busy, and as many requests wait for one as --queue allows.";
      return out;
    case refusal::timed_out:
      out = no_place(queue_refusal::timed_out, limit);
      out.detail = "waited " + seconds_text(limit) + " for a worker";
      out.help.explanation = "No worker of " + who + " was free within " + seconds_text(limit) +
                             ", which is as long as a request waits (--queue-timeout). There are "
                             "too few of them (workers=N), or they are too slow.";
      return out;
    case refusal::given_up:
      return no_place(queue_refusal::given_up, limit);
    default:
      return http::try_again_later("out-of-resources", "no descriptor for a program's socket");
  }
}

}  // namespace

base::task<http::result<process::pool::lease>> take_program(
    process::pool& from, std::string_view who, std::chrono::steady_clock::duration queue_timeout,
    http::exchange_context& context) {
  if (auto idle = from.acquire_now(context.get_executor())) co_return std::move(*idle);
  std::unique_ptr<http::subscription> client;
  std::function<void(std::function<void()>)> const on_wait = [&](std::function<void()> give_up) {
    client = context.when_client_leaves(std::move(give_up));
  };
  auto const since = std::chrono::steady_clock::now();
  auto got = co_await from.acquire(context.get_executor(), queue_timeout, on_wait);
  auto const waited = std::chrono::steady_clock::now() - since;
  context.record.queued = waited;
  trace::recorder const trace(context);
  trace(trace::queued{std::chrono::duration_cast<std::chrono::microseconds>(waited)});
  if (!got.program) co_return no_program(got.why, std::string(who), queue_timeout);
  co_return std::move(got.program);
}

}  // namespace gatehouse::gateway
