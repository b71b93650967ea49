#pragma once
// Gets a connection for a request: a kept one, or a new one to the address that is to get the
// request, or to another where that cannot be reached.

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/upstream/application.hpp"
#include "gatehouse/upstream/connection.hpp"

namespace gatehouse::upstream {

// Which connections will do.
enum class wanted {
  any,
  fresh,  // Only a new one.
};

class connection_search {
 public:
  // limit: of connecting to one address. on_late: called by the connection that was got, as
  // connection::when_late() has it.
  connection_search(base::executor ex, std::shared_ptr<application> to,
                    std::chrono::steady_clock::duration limit, std::function<void()> on_late)
      : executor_(ex), to_(std::move(to)), limit_(limit), on_late_(std::move(on_late)) {}

  // A kept connection to the address that is to get the request, whose request has begun; null if
  // there is none.
  std::shared_ptr<connection> find_kept(wanted which);

  // A connection whose request has begun. Suspends while it connects. Errors: EAGAIN where an
  // address was only busy, else that of the address that was tried last, ETIMEDOUT after the limit;
  // operation_aborted after cancel().
  base::task<base::result<std::shared_ptr<connection>>> get(wanted which);

  // Leads to another application from now on.
  void lead_to(std::shared_ptr<application> other) { to_ = std::move(other); }

  // A connection to it that was made before, whose request has begun; null where that is closed.
  std::shared_ptr<connection> adopt(base::unique_fd connected);

  // Closes the connections to it that this thread keeps.
  void close_kept();

  void cancel();

 private:
  std::shared_ptr<connection> kept(std::size_t place, wanted which);
  base::task<base::error_code> connect(std::shared_ptr<connection> one);

  base::executor executor_;
  std::shared_ptr<application> to_;
  std::chrono::steady_clock::duration limit_;
  std::function<void()> on_late_;
  std::shared_ptr<connection> pending_;
  bool cancelled_ = false;
};

}  // namespace gatehouse::upstream
