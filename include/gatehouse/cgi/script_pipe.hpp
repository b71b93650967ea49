#pragma once
// The server's end of one of a script's pipes: non-blocking, and waited for on the event loop. (The
// script's end stays as it is.)

#include <boost/asio/posix/stream_descriptor.hpp>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::cgi {

class script_pipe {
 public:
  explicit script_pipe(base::executor ex) : end_(ex) {}

  // Takes an end over; on an error it stays the caller's, or is closed with the pipe.
  base::error_code adopt(base::unique_fd& end);

  bool is_open() const { return end_.is_open(); }
  int get() { return end_.native_handle(); }

  // Suspend until the pipe can be read, or written, or cancel() was called.
  auto readable() { return end_.async_wait(descriptor::wait_read, base::as_result); }
  auto writable() { return end_.async_wait(descriptor::wait_write, base::as_result); }
  void cancel();
  void close();

  // Makes the pipe hold more, the first time that this is called.
  void widen_once();

 private:
  using descriptor = boost::asio::posix::basic_stream_descriptor<base::executor>;
  descriptor end_;
  bool widened_ = false;  // or the system refused
};

// Whether a wait failed, and was not just never begun or given up by us.
bool is_failure(base::error_code const& of_wait);

}  // namespace gatehouse::cgi
