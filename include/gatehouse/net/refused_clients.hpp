#pragma once
// Clients that there is no place for: each gets a 503 with Retry-After that was made before, in one
// send, and its socket is kept for a moment so that it gets to read that (a close while its request
// is on the way would reset the connection, RFC 9112, 9.6). No coroutine and no buffer is spent on
// them, and no more than limits::refused_clients descriptors. Used on one thread.

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <ctime>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/http/error.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/http/response.hpp"

namespace gatehouse::net {

class refused_clients {
 public:
  // As service::render_error.
  using page = std::function<http::response(http::http_error const&, http::request const*, bool,
                                            std::uint64_t)>;

  refused_clients(base::executor ex, page render)
      : render_(std::move(render)), tick_(ex, [this] { on_tick(); }) {}
  refused_clients(refused_clients const&) = delete;
  refused_clients& operator=(refused_clients const&) = delete;

  // Answers and takes the non-blocking socket over. reason: a literal, for the page and the log,
  // where a crowd makes one line for each limits::refusals_logged_every. Without patience it is
  // closed at once. Does not suspend.
  enum class patience { none, some };
  void refuse(base::unique_fd client, boost::asio::ip::address const& from, std::string_view reason,
              patience how = patience::some);

  // Closes those that are still there and logs what was not logged. refuse() may be called again.
  void stop();

  // How many sockets are still there.
  std::size_t size() const { return clients_.size(); }

 private:
  using time = std::chrono::steady_clock::time_point;
  struct waiting_client {
    base::unique_fd socket;
    time until;
  };
  struct answer {
    std::string_view reason;
    std::time_t made_at = 0;
    std::string bytes;
    std::uint64_t unlogged = 0;  // refused for it since the last line
  };

  answer& answer_for(std::string_view reason);
  void note(answer& given, boost::asio::ip::address const& from, time now);
  void log_counts(time now);
  void keep_ticking();
  void on_tick();

  page render_;
  base::deadline tick_;
  bool ticking_ = false;
  std::deque<waiting_client> clients_;  // in the order of their time
  std::vector<answer> answers_;
  time counted_since_{};
};

}  // namespace gatehouse::net
