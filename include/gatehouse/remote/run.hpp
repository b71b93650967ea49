#pragma once
// One request to an application that runs elsewhere, or to a program of ours, from the connection
// that it gets to the end of its answer.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/gateway/input_plan.hpp"
#include "gatehouse/gateway/responder.hpp"
#include "gatehouse/gateway/stderr_tail.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/remote/answer_decoder.hpp"
#include "gatehouse/remote/body_feed.hpp"
#include "gatehouse/remote/program_hold.hpp"
#include "gatehouse/remote/protocol.hpp"
#include "gatehouse/remote/rules.hpp"
#include "gatehouse/upstream/application.hpp"
#include "gatehouse/upstream/connection.hpp"
#include "gatehouse/upstream/connection_search.hpp"

namespace gatehouse::remote {

// What is asked, and how.
struct question {
  protocol how;
  std::shared_ptr<upstream::application> whom;  // null: the program's
  program_hold program;                         // of ours; none where whom runs elsewhere
  std::string const& who;     // in words, for people: "FastCGI application at 127.0.0.1:9000"
  std::string name;           // SCRIPT_NAME, for the log
  std::string file;           // of the script, if there is one
  std::string head;           // see encode_head()
  gateway::input_plan input;  // the rest
  bool safe = false;          // its method is (RFC 9110, 9.2.1)
};

class run final : public gateway::responder {
 public:
  // who, the rules and the context outlive the run.
  run(question what, rules const& by, http::exchange_context& context);

  // To be awaited first: of a program of ours, its turn. Errors: see program_hold::take().
  base::task<std::optional<http::http_error>> take_program();

  // Asks, if that can be done without suspending; gives whether it was. Otherwise ask() does it.
  bool ask_at_once();
  // Suspends until the beginning of the request has been written. Errors: 502, 503 and 504 (see
  // failures.hpp), 499, and those of the body.
  base::task<std::optional<http::http_error>> ask();
  ~run() override;

  // Errors: those that failure() knows the answer of.
  base::task<base::result<std::size_t>> read_output(boost::asio::mutable_buffer buffer) override;
  base::task<base::result<std::optional<std::size_t>>> read_output_within(
      boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration limit) override;
  std::optional<std::size_t> read_output_at_once(boost::asio::mutable_buffer buffer) override;

  // A connection whose answer is whole is kept, as far as that is wanted. Otherwise the application
  // is told that the request is given up, and the connection is closed.
  base::task<void> finish() override;

  gateway::program_end end_now() override;
  base::task<gateway::program_end> end() override { co_return end_now(); }
  std::string log_name() const override;
  http::http_error failure(base::error_code const& why) const override;
  base::task<http::diagnosis> diagnosis() override;

 private:
  // Why there is no whole answer any more.
  enum class fault {
    none,
    client,    // It has left.
    input,     // The request's body failed.
    silence,   // rules::silence
    deadline,  // rules::deadline
    closed,    // The connection ended before the answer did.
    record,    // of FastCGI, that it does not allow
    refused,   // by END_REQUEST
    unasked,   // It could not be asked again.
  };
  enum class state {
    connecting,
    asked,  // The request is on its way, and nothing has come back.
    answering,
    ended,      // The answer is whole.
    cut_short,  // The connection ended within the answer.
  };

  base::task<std::optional<http::http_error>> connect();
  bool has_to_be_fresh() const;
  base::task<base::result<std::shared_ptr<upstream::connection>>> find_connection();
  std::shared_ptr<upstream::connection> first_connection();
  base::error_code send_head();
  void begin_feed(std::string first);
  base::task<void> feed_when_read();
  bool was_not_heard() const;
  bool may_ask_another(base::error_code const& why);
  bool may_ask_again(base::error_code const& why) const;

  enum class next { given, read_on, ask_again };
  struct came {
    next what;
    std::size_t size = 0;  // of output that was given
  };
  came take(boost::asio::mutable_buffer buffer, base::error_code const& ec, std::size_t got);
  came take_end(std::size_t output);
  came connection_ended(boost::asio::mutable_buffer buffer, base::error_code const& why);
  bool is_over() const { return state_ == state::ended || state_ == state::cut_short; }
  std::optional<std::size_t> read_now(boost::asio::mutable_buffer buffer);
  void read_ahead();
  std::size_t take_ahead(boost::asio::mutable_buffer into);
  void let_go();
  void release_program();
  base::task<void> wait_for_end();
  bool may_keep() const;

  void fail(fault what, base::error_code const& why);
  void on_late();
  using duration = std::chrono::steady_clock::duration;
  duration first_look() const;
  void watch_client();
  void begin_waiting();
  void end_waiting();
  void progressed();
  void on_stderr_line(std::string_view line) const;

  http::exchange_context* context_;
  std::shared_ptr<trace::sink> const trace_sink_;
  rules const& rules_;
  question what_;
  std::size_t const head_bytes_ = what_.head.size();  // without what of its body comes behind them
  bool fresh_only_ = false;                           // no kept connection is to be used any more
  bool asked_again_ = false;  // after a connection that may have been closed while it was idle
  upstream::connection_search search_;
  std::shared_ptr<upstream::connection> connection_;
  std::size_t place_ = 0;  // that was asked last
  std::string ahead_;      // of the answer, that the client has not asked for
  std::size_t ahead_taken_ = 0;
  upstream::application::waiting waiting_;
  std::unique_ptr<http::subscription> client_;  // it leaves
  body_feed feed_;
  bool feed_due_ = false;  // a program of ours has not read the head, which the body is to follow
  state state_ = state::connecting;
  bool looked_ = false;  // after first_look()
  bool waits_ = false;   // for the application
  fault fault_ = fault::none;
  base::error_code failure_;
  std::optional<http::http_error> unasked_;
  gateway::stderr_tail tail_;
  answer_decoder decoder_;
  std::optional<base::deadline> deadline_;
};

}  // namespace gatehouse::remote
