#pragma once
// What a pool is made of, shared by its two sources: pool.cpp hands programs out (any thread),
// pool_upkeep.cpp looks after them (the keeper's thread). For these two alone.

#include <deque>
#include <mutex>
#include <random>
#include <vector>

#include "gatehouse/base/event.hpp"
#include "gatehouse/process/pool.hpp"

namespace gatehouse::process {

// One socket of a program.
struct pool::socket {
  std::shared_ptr<member> of;
  std::uint64_t number = 0;  // of its registration, among those of the thread
  base::unique_fd fd;
  std::shared_ptr<loop_handle> registered;  // the loop that it is registered with
  bool taken = false;
};

// One program of a pool. All but the program itself is guarded by the pool's mutex.
struct pool::member {
  enum class phase {
    serving,
    replaced,  // Its successor is ready: it ends as soon as no request has it.
    leaving,   // It gets no more requests, and ends as soon as no request has it.
    let_go,    // It was told to end.
    ended,
  };
  std::shared_ptr<kept_program> program;
  phase now = phase::serving;
  std::vector<std::shared_ptr<socket>> sockets;
  std::size_t taken = 0;  // of the sockets
  std::uint64_t answered = 0;
  std::uint64_t share = 0;                       // of requests; 0: no limit
  bool broken = false;                           // a request has given it up while it served
  bool to_be_stopped = false;                    // a request has given it up
  bool successor_wanted = false;                 // it has had its share
  std::chrono::steady_clock::time_point used{};  // last
};

struct pool::state final : program_keeper::kept, std::enable_shared_from_this<pool::state> {
  struct waiter {
    explicit waiter(base::executor ex)
        : executor(ex), loop(thread_sockets::of(ex).loop()), wake(ex) {}
    base::executor executor;
    std::shared_ptr<loop_handle> loop;
    base::event wake;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    std::shared_ptr<socket> granted;  // guarded by the mutex
  };

  // A waiter's place in the queue. It leaves that also where there is no memory to wait; what was
  // granted goes back then.
  struct in_line {
    in_line(state& pool, std::shared_ptr<waiter> w) : of(pool), who(std::move(w)) {}
    in_line(in_line const&) = delete;
    in_line& operator=(in_line const&) = delete;
    ~in_line() {
      of.leave_queue(who);
      if (!awaited && who->granted) of.give_back(who->granted, true);
    }
    state& of;
    std::shared_ptr<waiter> who;
    bool awaited = false;
  };

  state(program_keeper& by, pool_rules r, std::unique_ptr<program_starter> s);
  ~state() override;

  // pool.cpp; these two with the mutex held
  std::shared_ptr<socket> take_idle(std::shared_ptr<loop_handle> const& loop);
  void hand_out(std::shared_ptr<socket> one);
  void give_back(std::shared_ptr<socket> const& one, bool sound) noexcept;
  void leave_queue(std::shared_ptr<waiter> const& who);
  std::optional<lease> lease_of(std::shared_ptr<socket> one, base::executor ex);
  void put_back(std::shared_ptr<socket> const& one) noexcept;

  // Has the keeper's thread look after all programs, unless there is no memory to say so: then the
  // next request says it. Any thread.
  void look_soon() noexcept;

  // pool_upkeep.cpp, on the keeper's thread
  void look() override;
  void want_programs();
  static base::task<void> fill(std::shared_ptr<state> self);
  bool is_short() const;
  base::task<bool> start_one();
  void add(std::shared_ptr<kept_program> program);
  void on_end(std::shared_ptr<member> const& one);
  void let_end(std::shared_ptr<member> const& one);
  void stop_if_it_stays(std::shared_ptr<member> const& one);
  void retire_replaced();
  void look_for_idle();
  void report(std::optional<std::string> wrong);
  void log_end(member const& one) const;
  void close() override;
  void kill() override;
  void let_go() override;

  program_keeper& keeper;
  pool_rules const rules;
  std::unique_ptr<program_starter> starter;

  mutable std::mutex mutex;
  std::vector<std::shared_ptr<member>> members;  // that have not ended, or that a request has
  std::vector<std::string> sources;              // of the program that was started last
  std::deque<std::shared_ptr<waiter>> queue;
  std::atomic<std::size_t> waiting = 0;  // the size of queue
  std::atomic<bool> look_missed = false;
  bool closed = false;
  std::size_t failures = 0;  // programs in a row that ended without having answered

  // the keeper's thread's
  bool filling = false;
  std::function<void(std::optional<std::string>)> on_started;  // until all were started
  base::timer pause;
  base::timer idle_timer;
  std::minstd_rand random;
};

}  // namespace gatehouse::process
