#include "gatehouse/cgi/script_pipe.hpp"

#include <utility>

#include "gatehouse/process/pipe.hpp"

namespace gatehouse::cgi {

base::error_code script_pipe::adopt(base::unique_fd& end) {
  base::error_code ec;
  end_.assign(end.get(), ec);
  if (ec) return ec;
  end_.non_blocking(true, ec);
  if (ec) {
    // A read from an end that blocks would hold up the whole thread.
    end_.release();
    return ec;
  }
  static_cast<void>(end.release());
  return ec;
}

void script_pipe::cancel() {
  base::error_code ignored;
  end_.cancel(ignored);
}

void script_pipe::close() {
  base::error_code ignored;
  end_.close(ignored);
}

void script_pipe::widen_once() {
  if (!std::exchange(widened_, true)) process::widen(get());
}

bool is_failure(base::error_code const& of_wait) {
  return of_wait && of_wait != boost::asio::error::operation_aborted;
}

}  // namespace gatehouse::cgi
