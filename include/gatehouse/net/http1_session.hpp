#pragma once
// HTTP/1 on one client's connection: reads a head, has it answered (net/exchange_runner.hpp), sends
// the response, and starts again, until either side has had enough (RFC 9112, 9).

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "gatehouse/net/client_stream.hpp"
#include "gatehouse/net/response_writer.hpp"
#include "gatehouse/net/service.hpp"
#include "gatehouse/net/session.hpp"

namespace gatehouse::net {

class http1_session {
 public:
  // What the client's stream may buffer.
  static std::size_t buffer_limit(connection_limits const& limits);

  // The client and the ends outlive the session.
  http1_session(client_stream& client, http::peer const& who,
                std::shared_ptr<service const> shared);
  ~http1_session();

  // Serves the client from now on, on its executor, until the watch is told of the end; the
  // client's stream is closed then. The first stage is idle. Neither to wait for a request nor to
  // answer one at once takes a coroutine. owner: kept for as long as something is awaited; if there
  // is none, the session outlives what is awaited.
  void start(connection_watch& watch, std::weak_ptr<void> owner = {});

  // Another service answers from the next exchange on.
  void serve_with(std::shared_ptr<service const> other);

  // The next response is the last, and says so. Until then the connection goes on, so that no
  // client finds it closed that has just sent a request.
  void wind_down() { end_by(ending::announced); }

  // The server stops: an idle connection ends now, a busy one after the response in progress. What
  // has come by then is still answered.
  void finish_soon();

  // Its place is needed: an idle or leaving connection ends now, one that waits for the rest of a
  // head does after a 408, and a busy one after the response in progress.
  void make_room();

  // Ends every wait now; the exchange in progress is given up and its script stopped.
  void cut();

  // Its work was given up in the middle; the connection can only be destroyed.
  void taken_down();

 private:
  class exchange;
  class continuation;
  // How the connection is to end. It only moves on, and each is stricter than those before it.
  enum class ending {
    none,
    announced,  // the next response is the last, and says so
    finishing,  // what has come is answered, and nothing more is awaited
    displaced,  // nor does it linger, and a head that is not whole is refused
    cut         // no wait goes on
  };
  // How things stand after a step.
  enum class progress {
    next,   // the exchange is over, and another one may follow
    last,   // the exchange is over, and the connection is to end
    waits,  // what is awaited goes on with the connection
    over    // nothing is left to be done
  };

  // Of the head at the front of the buffer; nothing if it is not whole, an error if it cannot be.
  using head_size = http::result<std::optional<std::size_t>>;

  void end_by(ending how) { ending_ = std::max(ending_, how); }
  void enter(stage now);
  void go_on(progress after);
  void give_up(std::string_view why) noexcept;
  progress serve_what_came();
  progress yield_turn();
  progress wait_for_request();
  progress after_waiting(base::error_code const& error);
  bool take_what_came();
  bool head_has_begun();
  progress end_exchange(progress after);
  void take_next_service();

  progress serve_at_once();
  progress await_rest(base::task<progress> rest);
  std::optional<http::http_error> take_head(head_size const& size);
  base::task<progress> serve_late_head();
  base::task<head_size> read_rest_of_head();
  base::task<progress> serve_request();
  base::task<progress> respond(http::outcome outcome);
  base::task<progress> finish(http::outcome outcome, response_plan plan, begun_response begun);
  base::task<progress> refuse(http::http_error error);
  base::task<progress> drain_body();
  response_plan plan_of(http::response const& response) const;
  progress after_response(response_plan const& plan, base::error_code const& error);
  progress after_client_left();
  void end(http::request const* request, base::error_code const& error);
  base::task<progress> linger();

  client_stream& client_;
  std::shared_ptr<service const> shared_;  // with all connections, see service
  std::shared_ptr<service const> next_;    // for the next exchange; null: the same
  http::peer const& peer_;
  std::optional<http::steady_time> connected_;  // until an exchange was told of it
  std::unique_ptr<exchange> current_;           // in progress; null between two
  connection_watch* watch_ = nullptr;
  std::weak_ptr<void> owner_;
  int empty_lines_ = 0;  // skipped before the next head
  stage stage_ = stage::idle;
  ending ending_ = ending::none;
  bool given_up_ = false;
};

}  // namespace gatehouse::net
