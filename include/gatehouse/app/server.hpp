#pragma once
// The server put together from its options: threads, sites, listener, logs; its changes while it
// runs, and its end.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "gatehouse/config/options.hpp"

namespace gatehouse::app {

class server {
 public:
  // Reads the options anew, from where they came from at the start.
  using option_source = std::function<std::variant<config::options, config::usage_error>()>;

  // options: with its directories resolved, as are those that `again` gives. Takes the listening
  // sockets over or is given them or makes them, opens the logs, and then gives up privileges; the
  // error is one line for standard error. From here on run() will see every signal, and a
  // predecessor that was taken over from accepts no more.
  static std::variant<std::unique_ptr<server>, config::usage_error> create(config::options chosen,
                                                                           option_source again);
  server(server const&) = delete;
  server& operator=(server const&) = delete;
  ~server();

  // Where it can be reached: "http://127.0.0.1:8000/", with blanks between if there are several.
  std::string urls() const;

  // Serves until SIGTERM or SIGINT; then finishes what runs, for at most the drain time, and stops
  // what still does. Blocks; gives the exit status. A second such signal ends the process at once.
  //
  // SIGHUP: reads the options anew and opens the access log anew. Exchanges in progress end as they
  // began. If anything is wrong with the new options, all stays as it is and the log says why. When
  // the terminal that it was started from has gone, SIGHUP ends the server as SIGTERM does.
  //
  // A server that is taken over from accepts no more, and ends when its connections have had one
  // more answer each or the drain time is over.
  int run();

 private:
  struct parts;
  explicit server(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

}  // namespace gatehouse::app
