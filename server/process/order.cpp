#include "gatehouse/process/order.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "gatehouse/base/log.hpp"

namespace gatehouse::process {
namespace {

base::task<void> stop_when_started(launch launched, base::executor ex, launcher& from,
                                   std::string name, std::chrono::steady_clock::duration grace) {
  auto const pid = co_await launched.outcome();
  if (pid.has_value()) child_process(ex, *pid, from, name, grace).stop();
}

}  // namespace

order::order(base::executor ex, launcher& from, program what, std::string name,
             std::chrono::steady_clock::duration grace)
    : launched_(from.begin(ex, std::move(what))),
      executor_(ex),
      name_(std::move(name)),
      from_(from),
      grace_(grace) {}

order::~order() {
  if (settled_) return;
  try {
    boost::asio::co_spawn(executor_,
                          stop_when_started(std::move(launched_), executor_, from_, name_, grace_),
                          boost::asio::detached);
  } catch (std::exception const&) {
    base::log::write_about(base::log::level::error, "script-abandoned", name_,
                           "is not wanted any more and runs on: out of memory to stop it");
  }
}

base::task<base::result<child_process>> order::child() {
  auto const pid = co_await launched_.outcome();
  settled_ = pid.has_error();
  if (pid.has_error()) co_return pid.error();
  child_process out(executor_, *pid, from_, name_, grace_);
  settled_ = true;
  co_return std::move(out);
}

}  // namespace gatehouse::process
