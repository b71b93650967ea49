#pragma once
// Notices that the client has left while nothing is being read from it or written to it, so that a
// silent script does not run on for nobody.

#include <functional>
#include <memory>

#include "gatehouse/net/client_stream.hpp"

namespace gatehouse::net {

class client_watch {
 public:
  explicit client_watch(client_stream& client) : client_(client) {}
  client_watch(client_watch const&) = delete;
  client_watch& operator=(client_watch const&) = delete;
  ~client_watch() { stop(); }

  // Calls action once when the connection is reset, or half_close_grace after the client closed its
  // side; looks for that only after a moment. A client that closes only its sending side and goes
  // on reading looks the same as one that is gone; the grace lets a quick script answer it. Bytes
  // that wait to be read (a body, the next request) are left alone.
  void start(std::function<void()> action);

  // No action after this. Does not suspend.
  void stop();

 private:
  struct state;
  static base::task<void> watch(std::shared_ptr<state> s);

  client_stream& client_;
  std::shared_ptr<state> state_;  // shared with the watching coroutine, which ends after stop()
};

}  // namespace gatehouse::net
