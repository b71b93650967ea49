#pragma once
// One client's connection: reads a head, hands the request to the handler, sends the response, and
// starts again, until either side has had enough (RFC 9112, 9).

#include <functional>
#include <memory>
#include <optional>

#include "gatehouse/http/handler.hpp"
#include "gatehouse/http/request_parser.hpp"
#include "gatehouse/net/client_stream.hpp"
#include "gatehouse/net/request_body.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::net {

struct connection_limits {
  std::size_t header_limit_bytes = 32 * 1024;
  std::uint64_t body_limit_bytes = std::uint64_t{1} << 30U;
  duration header_timeout = std::chrono::seconds(20);
  duration idle_timeout = std::chrono::seconds(60);
  duration linger_silence = base::limits::linger_silence;
  duration linger_time = base::limits::linger_time;
  rate_rule least_rate;  // its grace is at most the idle timeout
};

// How requests are answered, for all connections of a server. Connections share the ownership: when
// another takes its place, each goes on with the old one to the end of its exchange.
struct service {
  http::handler* handler = nullptr;
  // Renders an error; the request is null if its head could not be parsed.
  std::function<http::response(http::http_error const&, http::request const*, bool loopback)>
      render_error;
  // One line of the access log; the request is null if its head could not be parsed. May be empty.
  std::function<void(http::request const*, http::exchange_context const&)> log_exchange;
  trace::tracer* tracer = nullptr;  // who is told of every exchange; may be null
  connection_limits limits;
};

struct connection_ends {
  boost::asio::ip::tcp::endpoint remote;
  boost::asio::ip::tcp::endpoint local;
};

// What a connection waits for, seen by whoever has to find room for another one.
enum class stage {
  idle,     // a request
  leaving,  // its client, to read the last answer and close
  in_head,  // the rest of a request head
  busy      // its own work, or what is due of an exchange
};

// Told of each change, on the connection's thread.
class stage_watch {
 public:
  virtual ~stage_watch() = default;
  virtual void entered(stage now) = 0;
};

class connection {
 public:
  connection(tcp_socket socket, std::shared_ptr<service const> shared);

  // ends: what the socket is to be taken to join, where it cannot tell.
  connection(tcp_socket socket, std::shared_ptr<service const> shared, connection_ends ends);

  // Before run(): who is told of the stages; the first is idle. It outlives run().
  void watch_stages(stage_watch& watch) { stages_ = &watch; }

  // Serves the connection to its end. Suspends. The connection outlives the coroutine.
  base::task<void> run();

  // Another service answers from the next exchange on.
  void serve_with(std::shared_ptr<service const> other);

  // The next response is the last, and says so. Until then the connection goes on, so that no
  // client finds it closed that has just sent a request.
  void wind_down() { winding_down_ = true; }

  // The server stops: an idle connection ends now, a busy one after the response in progress. What
  // has come by then is still answered.
  void finish_soon();

  // Its place is needed: an idle or leaving connection ends now, one that waits for the rest of a
  // head does after a 408, and a busy one after the response in progress.
  void make_room();

  // Ends every wait now; the exchange in progress is given up and its script stopped.
  void cut();

  // The coroutine is gone in the middle of its work; the connection can only be destroyed.
  void taken_down();

 private:
  class exchange;

  void enter(stage now);
  bool head_has_begun();
  bool take_input(base::error_code const& waited);
  void take_next_service();
  base::task<http::result<std::optional<std::size_t>>> read_rest_of_head(
      http::head_scanner& scanner);
  base::task<bool> serve_one();
  base::task<bool> serve_request(http::request const& request, exchange& context);
  http::response* to_response(http::outcome& outcome, http::request const& request,
                              exchange& context);
  void end(http::request const* request, exchange& context, base::error_code error);
  base::task<bool> refuse(http::http_error error, exchange& context);
  base::task<void> let_others_run();
  base::task<void> linger();

  client_stream client_;
  std::shared_ptr<service const> shared_;  // with all connections, see service
  std::shared_ptr<service const> next_;    // for the next exchange; null: the same
  connection_ends ends_;
  std::optional<http::steady_time> connected_;  // until an exchange was told of it
  exchange* current_ = nullptr;                 // in progress
  // The one being read; not in the coroutine, because the script's input is fed from it by another.
  std::optional<request_body> body_;
  int empty_lines_ = 0;            // skipped before the next head
  stage_watch* stages_ = nullptr;  // may be null
  stage stage_ = stage::idle;
  bool winding_down_ = false;
  bool displaced_ = false;
  bool finishing_ = false;
  bool cut_ = false;
};

}  // namespace gatehouse::net
