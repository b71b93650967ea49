#include "gatehouse/base/completion.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <stdexcept>

#include "gatehouse/base/event.hpp"

using namespace gatehouse;

namespace {

base::task<void> ends() {
  co_return;
}

base::task<void> fails() {
  throw std::runtime_error("on purpose");
  co_return;
}

base::task<void> waits(base::executor ex) {
  base::timer never(ex, base::timer::time_point::max());
  co_await never.async_wait(base::as_result);
}

struct told {
  int times = 0;
  bool failed = false;
  auto end() {
    return base::completion([this](bool how) {
      ++times;
      failed = how;
    });
  }
};

}  // namespace

TEST_SUITE_BEGIN("completion");

TEST_CASE("it is told once that the coroutine has ended, and whether it has failed") {
  boost::asio::io_context loop{1};
  told well;
  told badly;
  boost::asio::co_spawn(loop, ends(), well.end());
  boost::asio::co_spawn(loop, fails(), badly.end());
  loop.run();
  CHECK(well.times == 1);
  CHECK_FALSE(well.failed);
  CHECK(badly.times == 1);
  CHECK(badly.failed);
}

TEST_CASE("it is told of a coroutine that is destroyed while it waits") {
  told lost;
  std::optional<boost::asio::io_context> loop(std::in_place, 1);
  boost::asio::co_spawn(*loop, waits(loop->get_executor()), lost.end());
  loop->poll();
  CHECK(lost.times == 0);
  loop.reset();
  CHECK(lost.times == 1);
  CHECK(lost.failed);
}

TEST_SUITE_END();
