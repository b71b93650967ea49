#pragma once
// The rest of a request on its way to an application: what of its beginning the socket did not take
// at once, and the body, read only as fast as the application takes it. It runs while the answer is
// read.

#include <functional>
#include <memory>
#include <string>

#include "gatehouse/gateway/input_plan.hpp"
#include "gatehouse/remote/protocol.hpp"
#include "gatehouse/upstream/connection.hpp"

namespace gatehouse::remote {

class body_feed {
 public:
  struct events {
    std::function<void()> progressed;  // The application has taken something.
    // The body could not be read, or not be sent although the application has not closed the
    // connection.
    std::function<void(base::error_code const&)> failed;
  };

  body_feed() = default;
  body_feed(body_feed const&) = delete;
  body_feed& operator=(body_feed const&) = delete;
  // Feeding that was not ended is abandoned.
  ~body_feed();

  // Begins to feed; does not suspend. first: what is to be written before the body. The connection
  // and the body of the input outlive end(), or what happens after the destructor on this thread's
  // loop; events are not told after either.
  void begin(protocol how, std::shared_ptr<upstream::connection> to, std::string first,
             gateway::input_plan* input, std::shared_ptr<trace::sink> trace, events tell);

  // Feeds no more, and suspends until nothing of it touches the body any more.
  base::task<void> end();

  // It never began.
  bool was_not_needed() const { return !state_; }
  // All of it was written, or there was nothing to be written.
  bool is_whole() const;
  // What was written last is whole, so that a record may follow.
  bool is_between_records() const;

 private:
  struct state;
  static base::task<void> feed(std::shared_ptr<state> s);
  static base::task<base::error_code> feed_body(std::shared_ptr<state> s);
  static base::task<bool> write(std::shared_ptr<state> s, std::string_view bytes);

  std::shared_ptr<state> state_;  // null: nothing was to be fed
};

// The whole of a body that can be read at once, framed. Errors are those of the body.
base::task<base::result<std::string>> framed_body(protocol how, gateway::input_plan const& input,
                                                  trace::sink* trace);

}  // namespace gatehouse::remote
