#pragma once
// A program of ours that a request has, from when its turn has come until the program is free for
// another request. A request to an application that runs elsewhere has none.

#include <chrono>
#include <memory>
#include <optional>

#include "gatehouse/gateway/responder.hpp"
#include "gatehouse/http/error.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/process/pool.hpp"
#include "gatehouse/remote/listening_program.hpp"
#include "gatehouse/upstream/connection.hpp"

namespace gatehouse::remote {

class program_hold {
 public:
  program_hold() = default;
  // Of one of the pool's programs, none of which it has yet. The pool outlives the hold.
  program_hold(process::pool& from, std::chrono::steady_clock::duration queue_timeout)
      : from_(&from), queue_timeout_(queue_timeout) {}

  // A program of ours answers, or is to.
  bool is_ours() const { return from_ != nullptr; }
  // It has one.
  explicit operator bool() const { return static_cast<bool>(lease_); }

  // Suspends until it has a program. One that it has already has ended, and nobody is asked more
  // often than limits::kept_attempts. Errors: 503 and 499, see gateway::take_program().
  base::task<std::optional<http::http_error>> take(http::exchange_context& context);

  // The program that it has, or had last; null if it never had one.
  std::shared_ptr<listening_program> const& program() const { return program_; }

  // The program has answered and is free, or is to be stopped.
  void give_back() { lease_.give_back(); }
  void give_up() { lease_.give_up(); }

  // Nobody waits for the answer any more. The program is free when it has closed the connection,
  // and stopped if that takes longer than `silence`. Does not suspend. is_sent: the whole request
  // was; otherwise the program finds its body cut off.
  void let_finish(std::shared_ptr<upstream::connection> over, bool is_sent,
                  std::chrono::steady_clock::duration silence);

 private:
  process::pool* from_ = nullptr;
  std::chrono::steady_clock::duration queue_timeout_{};
  process::pool::lease lease_;
  std::shared_ptr<listening_program> program_;
  int attempts_ = 0;
};

// What there is to say of a program that ended while it had a request: how, and its last lines.
// Suspends for a moment if it is just about to end.
base::task<http::diagnosis> diagnosis_of(base::executor ex,
                                         std::shared_ptr<process::kept_program const> program);

}  // namespace gatehouse::remote
