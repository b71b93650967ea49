#include "gatehouse/process/order.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "gatehouse/base/log.hpp"

namespace gatehouse::process {
namespace {

base::task<void> see_off(launch launched, base::executor ex, launcher& from,
                         std::chrono::steady_clock::duration grace) {
  auto const pid = co_await launched.outcome();
  if (pid.has_value()) child_process(ex, *pid, from, grace).stop();
}

}  // namespace

order::order(base::executor ex, launcher& from, program what,
             std::chrono::steady_clock::duration grace)
    : launched_(from.begin(ex, std::move(what))), executor_(ex), from_(from), grace_(grace) {}

order::~order() {
  if (settled_) return;
  try {
    boost::asio::co_spawn(executor_, see_off(std::move(launched_), executor_, from_, grace_),
                          boost::asio::detached);
  } catch (std::exception const&) {
    base::log::error("script-abandoned", "out of memory");
  }
}

base::task<base::result<child_process>> order::child() {
  auto const pid = co_await launched_.outcome();
  settled_ = pid.has_error();
  if (pid.has_error()) co_return pid.error();
  child_process out(executor_, *pid, from_, grace_);
  settled_ = true;
  co_return std::move(out);
}

}  // namespace gatehouse::process
