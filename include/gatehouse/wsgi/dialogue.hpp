#pragma once
// One request at a worker: it is sent, with its body as far as the worker asks for it, and the
// answer is read by whoever awaits it. When a slow client keeps that one from reading, the answer
// is taken up to limits::answer_ahead_bytes ahead of the client, so that a slow client holds no
// worker: that goes back to its pool with the last byte of its answer. When the client leaves, the
// worker is told, and what it still sends is dropped until it has ended its answer. So a dialogue
// may outlive its exchange.

#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <cstdint>
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
    input,     // The request's body failed.
    client,    // It has left.
    shortage,  // The system has run out of something.
  };

  // input: its body outlives leave(). frame: the request, with the first of its body.
  dialogue(http::exchange_context& context, gateway::input_plan input, std::string frame,
           std::uint64_t body_left, dialogue_limits const& limits);
  dialogue(dialogue const&) = delete;
  dialogue& operator=(dialogue const&) = delete;
  ~dialogue();

  // Sends the request. Where the worker turns out to have ended, the state is `waiting` again.
  void begin(process::pool::lease worker);

  // Suspends until there is output, and gives how much was put into the buffer; 0 where none will
  // come: the state says why.
  base::task<std::size_t> read(boost::asio::mutable_buffer into);
  // The same for at most `limit`: nothing when that time is over.
  base::task<std::optional<std::size_t>> read_within(boost::asio::mutable_buffer into,
                                                     std::chrono::steady_clock::duration limit);
  // The same as far as it can be told without suspending; nothing if the worker has to be awaited.
  std::optional<std::size_t> read_now(boost::asio::mutable_buffer into);

  // The exchange is over, and nothing of it is touched any more when this returns. A worker that
  // has not ended its answer is told that nobody waits for it.
  base::task<void> leave();
  void abandon() noexcept;

  state now() const { return state_; }
  fault what_failed() const { return fault_; }
  base::error_code const& failure() const { return failure_; }
  trouble const& told() const { return told_; }
  std::shared_ptr<process::kept_program> const& program() const { return program_; }

 private:
  using duration = std::chrono::steady_clock::duration;
  enum class feeding { none, reading_body, writing };

  bool is_open() const { return worker_ && (state_ == state::asked || state_ == state::answering); }
  std::size_t came(boost::asio::mutable_buffer bytes, base::error_code const& ec, std::size_t got);
  std::size_t decode(char* bytes, std::size_t size);
  void take_event(answer_decoder::step const& step, bool surplus);
  void on_gone(base::error_code const& why);
  void fail(fault what, base::error_code const& why);
  void run_out();
  void give_worker_up() noexcept;
  void end(state how, bool in_step);

  void begin_waiting();
  void end_waiting();
  void progressed();
  void on_late();
  void look();
  void read_ahead();
  std::size_t take_ahead(boost::asio::mutable_buffer into);

  void send(std::string bytes);
  static base::task<void> write(std::shared_ptr<dialogue> self, std::string bytes);
  void pull(std::size_t wanted);
  static base::task<void> feed(std::shared_ptr<dialogue> self, std::size_t wanted);
  base::task<base::result<std::size_t>> read_body(boost::asio::mutable_buffer into);

  void say_unwanted();
  void drain();
  void report(trace::record_passed::direction way, char kind, std::size_t length) const;

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
  unsigned workers_ = 0;  // that have had the request
  answer_decoder decoder_;
  std::string ahead_;  // of the answer, that the client has not asked for
  std::size_t ahead_taken_ = 0;
  state state_ = state::waiting;
  fault fault_ = fault::none;
  base::error_code failure_;
  trouble told_;
  bool waits_ = false;     // for the worker
  bool looked_ = false;    // after limits::unwatched_time
  bool writing_ = false;   // a frame that the socket did not take at once
  bool pulled_ = false;    // it has asked for more of the body
  bool unwanted_ = false;  // by the client
  feeding feeding_ = feeding::none;
  std::optional<base::event> body_read_;  // nothing reads the body any more
  std::shared_ptr<boost::asio::cancellation_signal> stop_feeding_;
  std::unique_ptr<char[]> dropped_;  // where what nobody wants is received
  std::optional<base::deadline> deadline_;
};

}  // namespace gatehouse::wsgi
