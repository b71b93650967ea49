#pragma once
// The server put together from its options: threads, handlers, listener, logs; and its end.

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "gatehouse/app/options.hpp"

namespace gatehouse::app {

class server {
 public:
  // options: with its directories resolved. Opens the logs, listens, and then gives up privileges;
  // the error is one line for standard error. From here on run() will see every signal.
  static std::variant<std::unique_ptr<server>, usage_error> create(options chosen);
  server(server const&) = delete;
  server& operator=(server const&) = delete;
  ~server();

  // Where it can be reached: "http://127.0.0.1:8000/".
  std::string url() const;

  // Serves until SIGTERM, SIGINT or SIGHUP; then finishes what runs, for at most the drain time,
  // and stops what still does. Blocks; gives the exit status. A second signal ends the process at
  // once.
  int run();

 private:
  struct parts;
  explicit server(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

}  // namespace gatehouse::app
