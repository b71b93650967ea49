#pragma once
// One client's connection, from its opening: picks the session that is spoken on it. Today every
// client speaks HTTP/1.

#include <memory>

#include "gatehouse/net/client_stream.hpp"
#include "gatehouse/net/http1_session.hpp"
#include "gatehouse/net/service.hpp"
#include "gatehouse/net/session.hpp"

namespace gatehouse::net {

class connection {
 public:
  // who: the client. The socket could not say any more who it was after a reset.
  connection(tcp_socket socket, std::shared_ptr<service const> shared, http::peer const& who);

  base::executor get_executor() { return client_.get_executor(); }

  // Serves the connection from now on, on its executor, until the watch is told of its end. owner:
  // kept for as long as something is awaited for the connection; if there is none, the connection
  // outlives what is awaited.
  void start(connection_watch& watch, std::weak_ptr<void> owner = {}) {
    session_.start(watch, std::move(owner));
  }

  // Another service answers from the next exchange on.
  void serve_with(std::shared_ptr<service const> other) { session_.serve_with(std::move(other)); }

  // The next response is the last, and says so. Until then the connection goes on, so that no
  // client finds it closed that has just sent a request.
  void wind_down() { session_.wind_down(); }

  // The server stops: an idle connection ends now, a busy one after the response in progress. What
  // has come by then is still answered.
  void finish_soon() { session_.finish_soon(); }

  // Its place is needed: an idle or leaving connection ends now, one that waits for the rest of a
  // head does after a 408, and a busy one after the response in progress.
  void make_room() { session_.make_room(); }

  // Ends every wait now; the exchange in progress is given up and its script stopped.
  void cut() { session_.cut(); }

  // Its work was given up in the middle; the connection can only be destroyed.
  void taken_down() { session_.taken_down(); }

 private:
  client_stream client_;
  http::peer peer_;
  http1_session session_;
};

}  // namespace gatehouse::net
