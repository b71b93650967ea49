#pragma once
// Notices that the client has left while nothing is being read from it or written to it, so that a
// silent script does not run on for nobody.

#include <functional>
#include <memory>
#include <vector>

#include "gatehouse/http/exchange.hpp"
#include "gatehouse/net/client_stream.hpp"

namespace gatehouse::net {

class client_watch final : public http::subscription {
 public:
  // among: the watches of the same exchange, which this is one of as long as it lives. Both outlive
  // it.
  client_watch(client_stream& client, std::vector<client_watch*>& among,
               std::function<void()> action);
  ~client_watch() override;

  // Calls the action once when the connection is reset, or half_close_grace after the client closed
  // its side; looks for that only after a moment. A client that closes only its sending side and
  // goes on reading looks the same as one that is gone; the grace lets a quick script answer it.
  // Bytes that wait to be read (a body, the next request) are left alone.
  void start();

  // The client is to be taken to have left: calls the action now, if it was not called before.
  void notify();
  bool has_notified() const;

 private:
  struct state;
  static base::task<void> watch(std::shared_ptr<state> s);

  std::vector<client_watch*>& among_;
  std::shared_ptr<state> state_;  // shared with the watching coroutine
};

// Calls the action of each watch that has not called it yet. An action may end watches, which then
// are not among them any more.
void notify_all(std::vector<client_watch*> const& among);

}  // namespace gatehouse::net
