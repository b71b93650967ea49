#include "gatehouse/remote/program_hold.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/take_program.hpp"

namespace gatehouse::remote {
namespace {

using duration = std::chrono::steady_clock::duration;

// Takes what still comes of an answer, and drops it. Gives whether the application has closed the
// connection.
base::task<bool> drained_within(upstream::connection& from, duration silence) {
  std::array<char, base::limits::small_read_bytes> buffer;
  from.when_late([&from] { from.cancel(); });
  bool over = false;
  while (!over) {
    from.set_deadline(silence);
    auto const [ec, got] = co_await from.receive(boost::asio::buffer(buffer));
    if (ec == boost::asio::error::operation_aborted) break;
    over = static_cast<bool>(ec);
  }
  from.clear_deadline();
  from.when_late({});
  co_return over;
}

// One that writes into a closed connection learns that nobody listens, and one that waits for the
// rest of a body, that none comes. Both at once cannot be: then its own end could not be seen.
base::task<void> finish_alone(std::shared_ptr<upstream::connection> over,
                              process::pool::lease program, bool is_sent, duration silence) {
  bool free = false;
  if (is_sent) {
    over->receive_no_more();
    free = co_await over->closed_within(silence);
  } else {
    over->send_no_more();
    free = co_await drained_within(*over, silence);
  }
  free ? program.give_back() : program.give_up();
}

}  // namespace

base::task<std::optional<http::http_error>> program_hold::take(http::exchange_context& context) {
  give_up();
  if (++attempts_ > base::limits::kept_attempts)
    co_return http::try_again_later("programs-end", "one program after the other has ended");
  auto taken = co_await gateway::take_program(*from_, from_->name(), queue_timeout_, context);
  if (taken.has_error()) co_return taken.error();
  lease_ = std::move(*taken);
  program_ = std::static_pointer_cast<listening_program>(lease_.program());
  program_->use_from(context.get_executor());
  context.record.script_pid = program_->pid();
  context.note_contention(&from_->waiting());
  co_return std::nullopt;
}

void program_hold::let_finish(std::shared_ptr<upstream::connection> over, bool is_sent,
                              duration silence) {
  auto const ex = over->get_executor();
  try {
    boost::asio::co_spawn(ex, finish_alone(std::move(over), std::move(lease_), is_sent, silence),
                          boost::asio::detached);
  } catch (std::exception const&) {
    // There is no memory to wait with. Where the lease is left, the program is stopped.
    give_up();
  }
}

base::task<http::diagnosis> diagnosis_of(base::executor ex,
                                         std::shared_ptr<process::kept_program const> program) {
  http::diagnosis out;
  base::timer pause(ex);
  auto const until = std::chrono::steady_clock::now() + base::limits::exit_wait;
  while (!program->status() && std::chrono::steady_clock::now() < until) {
    pause.expires_after(base::limits::stop_look_interval);
    co_await pause.async_wait(base::as_result);
  }
  auto const status = program->status();
  out.explanation = "The program " +
                    (status ? base::exit_text(*status) : std::string("closed the connection")) +
                    " while it had this request.";
  out.stderr_lines = program->last_lines();
  co_return out;
}

}  // namespace gatehouse::remote
