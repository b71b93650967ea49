#pragma once
// Accepts connections and spreads them over the threads, one after the other. When there is no
// place for one more, the connection that has waited longest for a request makes room; when all are
// busy, the new one gets a 503. It is not left waiting in the backlog: there it would look like a
// server that does not answer, and whoever stands before it (a balancer, a browser) could not go
// elsewhere.

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/net/admission.hpp"
#include "gatehouse/net/connection.hpp"
#include "gatehouse/net/listening_socket.hpp"
#include "gatehouse/net/refused_clients.hpp"

namespace gatehouse::net {

// The connections of one thread. Used on that thread only, but for what says otherwise.
class connection_set {
 public:
  connection_set(base::executor ex, std::shared_ptr<service const> shared)
      : executor_(ex), shared_(std::move(shared)) {}

  // Serves an accepted connection until it ends, and then gives its place back. Does not suspend;
  // what fails is logged.
  void serve(accepted_client accepted, admission::place place);

  // See connection. After serve_with() and wind_down() new connections are served accordingly;
  // after finish_soon() they are not taken.
  void serve_with(std::shared_ptr<service const> const& other);
  void wind_down();
  void finish_soon();
  void cut();

  // The queues of the connections that can be closed to make room for a new one: those that wait
  // for a request are closed first, then those that have sent a part of a head.
  enum class line { waiting, in_head };
  // Has the connection that has been in that queue for longest make room, if there is one that was
  // not asked yet. False if there is none. For the listener, on its thread.
  bool ask_for_room(line whom);

  // How many connections there are; may be asked from any thread.
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  base::executor get_executor() const { return executor_; }

 private:
  // A connection, and its place.
  struct member final : connection_watch {
    member(connection_set& set, tcp_socket socket, http::peer const& who, admission::place p)
        : owner(set), place(std::move(p)), one(std::move(socket), set.shared_, who) {}
    void entered(stage now) override { owner.entered(*this, now); }
    void ended() override { owner.erase(*this); }
    void failed(std::string_view why) noexcept override { owner.failed(*this, why); }

    connection_set& owner;
    admission::place place;
    connection one;
    std::list<member>::iterator self;
    std::size_t line = 0;   // the queue that it is in
    bool is_asked = false;  // to make room
  };
  // Connections in the same state, in the order in which they came into it.
  struct queue {
    std::list<member> members;
    std::atomic<std::size_t> size = 0;   // of members, for the listener
    std::atomic<std::size_t> asked = 0;  // how many requests to make room are on their way to them
  };
  static constexpr std::size_t busy = 2;  // the queue of those that cannot make room

  void start(tcp_socket socket, http::peer const& from, admission::place place);
  void entered(member& who, stage now);
  void move(member& who, std::size_t to);
  void ask(member& who);
  void make_room(line whom);
  void failed(member& who, std::string_view why) noexcept;
  void erase(member& who);
  template <class Action>
  void for_each(Action action);

  base::executor executor_;
  std::shared_ptr<service const> shared_;  // with the connections, see service
  std::array<queue, 3> queues_;            // waiting, in_head, busy
  // Requests to make room that found nobody, because all had just become busy: the next connections
  // that wait make it, or end.
  std::size_t unmet_requests_ = 0;
  std::atomic<std::size_t> size_ = 0;
  bool winding_down_ = false;
  bool finishing_ = false;
};

class listener {
 public:
  // sets: one for each thread; they and the places outlive the listener. refusal: renders what a
  // client is told that there is no place for. The descriptor that is kept for the time when there
  // are no others is opened here, so that start() opens none.
  listener(base::executor ex, std::vector<connection_set*> sets, admission& places,
           refused_clients::page refusal);

  // Takes over a socket that listens already. invalid_argument: it is no TCP socket that does.
  base::error_code adopt(base::unique_fd listening);

  // The sockets, still owned here, for a successor to adopt copies of; none after stop().
  std::vector<int> native_handles();

  // Where it listens, with the real ports, in the order in which the sockets were
  // adopted.
  std::vector<boost::asio::ip::tcp::endpoint> endpoints() const;

  // Accepts until stop() is called. Out of descriptors it turns away who waits, by means of one
  // that it has kept, and waits a moment instead of spinning; the same out of memory. To be called
  // again after an exception left the loop, see base::keep_going.
  void start();

  void stop();

 private:
  // A socket, and the coroutine that accepts from it.
  struct accept_loop {
    explicit accept_loop(base::executor ex) : socket(ex), pause(ex) {}
    listening_socket socket;
    base::timer pause;
    bool short_of_something = false;  // accepting pauses
    bool running = false;
  };

  base::task<void> run(accept_loop& loop);
  base::task<void> accept_some(accept_loop& loop);
  base::error_code accept_waiting(accept_loop& loop, std::size_t& taken);
  enum class is_second_try : bool {};
  void admit(accepted_client client, is_second_try again = is_second_try{false});
  bool find_room();
  bool ask_for_room();
  void log_failure(base::error_code const& failure);
  void relieve(accept_loop& loop, std::size_t taken);
  void turn_away_waiting(accept_loop& loop);

  base::executor executor_;
  std::vector<std::unique_ptr<accept_loop>> loops_;
  std::size_t next_ = 0;  // the set that gets the next connection
  std::vector<connection_set*> sets_;
  admission& places_;
  refused_clients refused_;
  base::unique_fd reserve_;  // given up for a moment to turn somebody away
  std::chrono::steady_clock::time_point failure_logged_{};
  bool stopped_ = false;
};

}  // namespace gatehouse::net
