#pragma once
// Programs that stay in memory: a pool keeps so many of one kind running, each with sockets of its
// own, and hands them to requests. All of them are started ahead; one that ends is replaced, after
// a growing pause where programs end again and again without having answered; one that has answered
// its share of requests is replaced by one that is ready by then. A request on any thread gets one
// that is idle, or waits for its turn in a bounded queue.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/process/kept_program.hpp"
#include "gatehouse/process/program_keeper.hpp"
#include "gatehouse/process/thread_sockets.hpp"

namespace gatehouse::process {

struct pool_rules {
  std::string name;            // for the log: what the programs run
  std::size_t programs = 1;    // how many there are to be
  std::uint64_t requests = 0;  // a program is replaced after about so many; 0: never
  std::chrono::steady_clock::duration idle{};  // one that nobody asked for so long ends; 0: never
  std::size_t queue = 0;                       // requests that may wait
};

class pool {
  struct state;
  struct member;
  struct socket;

 public:
  // Starts nothing yet. The keeper outlives the pool.
  pool(program_keeper& by, pool_rules rules, std::unique_ptr<program_starter> starter);
  pool(pool const&) = delete;
  pool& operator=(pool const&) = delete;
  // Any thread. The programs end, each when it has answered.
  ~pool();

  // Has all programs started. done is called on the keeper's thread, once: with nothing when all
  // are ready, or with why one of them cannot be. To be called once.
  void start(std::function<void(std::optional<std::string> wrong)> done);

  // A program, for one request. To be used and dropped on the thread that it was acquired on.
  class lease {
   public:
    lease() = default;
    lease(lease&& other) noexcept = default;
    lease& operator=(lease&& other) noexcept;
    ~lease() { give_back(); }

    explicit operator bool() const { return socket_ != nullptr; }
    // The program's socket, registered with this thread's loop and non-blocking. Nobody else uses
    // it meanwhile. Only where the program has such sockets.
    base::stream_socket& connection() const { return *connection_; }
    std::shared_ptr<kept_program> const& program() const;

    // The request has been answered: others may have the program.
    void give_back() noexcept;
    // The program has to be stopped, or has ended: it is replaced.
    void give_up() noexcept;

   private:
    friend class pool;
    std::shared_ptr<state> of_;
    std::shared_ptr<socket> socket_;
    base::stream_socket* connection_ = nullptr;
  };

  enum class refusal { none, queue_full, timed_out, given_up, out_of_resources };
  struct outcome {
    lease program{};
    refusal why = refusal::none;  // where there is none
  };

  // Gives a program that is idle now, one that this thread has used last if there is one.
  std::optional<lease> acquire_now(base::executor ex);

  // Suspends until there is a program, for at most `limit`. on_wait is called if it has to wait,
  // with an action that gives the wait up (to be called on ex's thread).
  base::task<outcome> acquire(base::executor ex, std::chrono::steady_clock::duration limit,
                              std::function<void(std::function<void()>)> on_wait);

  // pool_rules::name
  std::string const& name() const;

  // The files that its programs are made of. Any thread.
  std::vector<std::string> sources() const;

  // How many requests wait; any thread may look.
  std::atomic<std::size_t> const& waiting() const;

 private:
  std::shared_ptr<state> state_;  // shared with the leases, and with what looks after programs
};

}  // namespace gatehouse::process
