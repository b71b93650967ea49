#include "gatehouse/app/kept_programs.hpp"

#include <signal.h>

#include <array>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <utility>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::app {
namespace {

// While it lives, a signal to end does so at once: nobody handles one before the server runs. What
// has been started ends with the server.
class ended_by_signals {
 public:
  ended_by_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      ::sigaction(numbers[i], &standard, &before_[i]);
  }
  ended_by_signals(ended_by_signals const&) = delete;
  ended_by_signals& operator=(ended_by_signals const&) = delete;
  ~ended_by_signals() {
    for (std::size_t i = 0; i < numbers.size(); ++i) ::sigaction(numbers[i], &before_[i], nullptr);
  }

 private:
  static constexpr std::array numbers{SIGTERM, SIGINT};
  std::array<struct sigaction, numbers.size()> before_{};
};

base::task<bool> end_within(base::executor ex, process::program_keeper& keeper,
                            std::chrono::steady_clock::duration limit) {
  base::timer pause(ex);
  auto const until = std::chrono::steady_clock::now() + limit;
  while (keeper.running() > 0) {
    if (std::chrono::steady_clock::now() >= until) co_return false;
    pause.expires_after(base::limits::stop_look_interval);
    co_await pause.async_wait(base::as_result);
  }
  co_return true;
}

// What a start that tells its outcome later has come to.
template <class Start>
std::optional<std::string> outcome_of(Start const& start) {
  auto const told = std::make_shared<std::promise<std::optional<std::string>>>();
  start([told](std::optional<std::string> wrong) { told->set_value(std::move(wrong)); });
  return told->get_future().get();
}

}  // namespace

std::optional<std::string> start_programs_now(life::generation const& of) {
  ended_by_signals const meanwhile;
  return outcome_of([&](auto done) { of.start_programs(std::move(done)); });
}

std::optional<std::string> start_programs_now(sites& of) {
  return outcome_of([&](auto done) { of.start_programs(std::move(done)); });
}

std::optional<std::string> start_programs_now(process::pool& of) {
  return outcome_of([&](auto done) { of.start(std::move(done)); });
}

base::task<std::optional<std::string>> start_programs(base::executor ex,
                                                      life::generation const& of) {
  struct outcome {
    explicit outcome(base::executor of_waiter) : done(of_waiter) {}
    base::event done;
    std::optional<std::string> wrong;
  };
  auto const told = std::make_shared<outcome>(ex);
  of.start_programs([ex, told](std::optional<std::string> wrong) {
    boost::asio::post(ex, [told, wrong = std::move(wrong)] {
      told->wrong = wrong;
      told->done.set();
    });
  });
  co_await told->done.wait();
  co_return told->wrong;
}

base::task<void> end_programs(base::executor ex, process::program_keeper& keeper,
                              std::chrono::steady_clock::duration grace) {
  if (keeper.running() == 0) co_return;
  keeper.close_all();
  bool const over = co_await end_within(ex, keeper, grace);
  if (over) co_return;
  keeper.kill_all();
  co_await end_within(ex, keeper, base::limits::end_wait);
}

}  // namespace gatehouse::app
