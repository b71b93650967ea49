#pragma once
// What a connection's session tells whoever keeps the connection, whatever it speaks: what it waits
// for, and its end.

#include <string_view>

namespace gatehouse::net {

// What a connection waits for, seen by whoever has to find room for another one.
enum class stage {
  idle,     // a request
  leaving,  // its client, to read the last answer and close
  in_head,  // the rest of a request head
  busy      // its own work, or what is due of an exchange
};

// Told of each change, on the connection's thread.
class connection_watch {
 public:
  virtual ~connection_watch() = default;
  virtual void entered(stage now) = 0;
  // The connection is closed and has no work left. It may be destroyed from here.
  virtual void ended() = 0;
  // Something was thrown in the middle of its work. The connection is to be told taken_down(), and
  // can be destroyed once the event loop has had a turn.
  virtual void failed(std::string_view why) noexcept = 0;
};

}  // namespace gatehouse::net
