#pragma once
// A script's standard input, fed with the request's body while its output is read: only as fast as
// the script takes it, and moved from socket to pipe where the body can do that and nobody wants to
// see it.

#include <memory>

#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/cgi/script_process.hpp"
#include "gatehouse/http/body_source.hpp"

namespace gatehouse::cgi {

class script_input {
 public:
  // Nothing is fed yet, and end() need not be called.
  explicit script_input(std::shared_ptr<script_process> of);
  script_input(script_input const&) = delete;
  script_input& operator=(script_input const&) = delete;
  // Feeding that was not ended is abandoned.
  ~script_input();

  // Takes over the server's end of the pipe. Errors are the system's.
  base::error_code adopt(base::unique_fd& end);

  // Begins to feed; does not suspend. The body outlives end(), or what happens after the destructor
  // on this thread's loop; owned is kept as long. If the body fails, the process is told so.
  void begin(http::body_source& body, std::unique_ptr<http::body_source> owned);

  // Feeds no more, and suspends until nothing of it touches the body any more.
  base::task<void> end();

 private:
  struct state;
  static base::task<void> feed(std::shared_ptr<state> s, http::body_source& body);
  static base::task<base::result<std::size_t>> feed_some(std::shared_ptr<state> s,
                                                         http::body_source& body,
                                                         boost::asio::mutable_buffer buffer);
  static base::task<base::error_code> write(std::shared_ptr<state> s, std::string_view bytes);
  static base::task<base::error_code> wait_for_room(std::shared_ptr<state> s);

  std::shared_ptr<state> state_;  // shared with the coroutine that feeds; null if there is none
  std::shared_ptr<script_process> process_;
};

// A small body that has come with its head goes into the pipe at once, before the script starts;
// then nothing needs to feed it. The end blocks. Errors are those of the body and of write(2).
base::task<base::error_code> put_whole_body(http::body_source& body, int pipe_end,
                                            http::exchange_context const& context);

}  // namespace gatehouse::cgi
