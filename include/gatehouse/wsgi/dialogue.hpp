#pragma once
// One request at a worker: it is sent, with its body as far as the worker asks for it, and the
// answer is taken as it comes, up to limits::answer_ahead_bytes ahead of the client. So a slow
// client holds no worker: that goes back to its pool with the last byte of its answer. When the
// client leaves, the worker is told, and the answer is taken and dropped until the worker has ended
// it. It may outlive its exchange.

#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/event.hpp"
#include "gatehouse/gateway/input_plan.hpp"
#include "gatehouse/gateway/responder.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/process/pool.hpp"
#include "gatehouse/trace/recorder.hpp"
#include "gatehouse/wsgi/frames.hpp"

namespace gatehouse::wsgi {

struct dialogue_limits {
  std::chrono::steady_clock::duration silence;   // the worker is stopped
  std::chrono::steady_clock::duration deadline;  // of the whole answer; zero: none
};

class dialogue : public std::enable_shared_from_this<dialogue> {
 public:
  enum class state {
    waiting,    // No worker has the request, or the one that had it ended before it began.
    asked,      // A worker has it, and has not said anything yet.
    answering,  // Something has come.
    ended,      // The answer is whole.
    failed,     // It will not be.
  };
  enum class fault {
    none,
    trouble,   // The application did not answer: see told().
    gone,      // The worker has ended.
    protocol,  // It sent what no worker sends.
    silence,
    deadline,
    input,   // The request's body failed.
    client,  // It has left.
  };

  // input: its body outlives leave(). frame: the request, with the first of its body.
  dialogue(http::exchange_context& context, gateway::input_plan input, std::string frame,
           std::uint64_t body_left, dialogue_limits const& limits);

  // Sends the request. Where the worker turns out to have ended, the state is `waiting` again.
  void begin(process::pool::lease worker);

  // Suspends until there is output, or the answer's end, or the state is `waiting`; for at most
  // `limit`, if there is one.
  base::task<void> progress(std::optional<std::chrono::steady_clock::duration> limit);

  // Takes output that is there. Gives 0 where there is none.
  std::size_t take(boost::asio::mutable_buffer into);

  // The exchange is over, and nothing of it is touched any more when this returns. A worker that
  // has not ended its answer is told that nobody waits for it.
  base::task<void> leave();
  void abandon();

  state now() const { return state_; }
  fault what_failed() const { return fault_; }
  base::error_code const& failure() const { return failure_; }
  trouble const& told() const { return told_; }
  std::shared_ptr<process::kept_program> const& program() const { return program_; }

 private:
  void read_more();
  void on_read(base::error_code const& ec, std::size_t got);
  bool take_step(answer_decoder::step const& step);
  void on_gone(base::error_code const& ec);
  void fail(fault what, base::error_code const& why);
  void on_client_left();
  void end(state how);
  void cancel();
  void pull(std::size_t wanted);
  static base::task<void> feed(std::shared_ptr<dialogue> self, std::size_t wanted);
  base::task<base::result<std::size_t>> read_body(boost::asio::mutable_buffer into);
  static base::task<void> write(std::shared_ptr<dialogue> self, std::string bytes);
  void wake() { wake_.cancel(); }

  base::executor executor_;
  http::exchange_context* context_;  // null once the exchange is over
  std::shared_ptr<trace::sink> const trace_sink_;
  gateway::input_plan input_;
  std::string frame_;  // of the request, until something has come
  std::uint64_t body_left_;
  dialogue_limits limits_;
  std::unique_ptr<http::subscription> client_;  // it leaves
  process::pool::lease worker_;
  std::shared_ptr<process::kept_program> program_;
  answer_decoder decoder_;
  std::unique_ptr<char[]> buffer_;
  std::string output_;  // that was not taken yet
  std::size_t taken_ = 0;
  state state_ = state::waiting;
  fault fault_ = fault::none;
  base::error_code failure_;
  trouble told_;
  bool reading_ = false;
  bool writing_ = false;  // what the socket did not take at once
  bool unwanted_ = false;
  bool pulled_ = false;             // it has asked for more of the body
  std::optional<base::event> fed_;  // set when nothing feeds the body
  std::shared_ptr<boost::asio::cancellation_signal> feeding_;
  base::timer wake_;
  base::deadline silence_;
  base::deadline deadline_;
};

}  // namespace gatehouse::wsgi
