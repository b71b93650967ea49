#pragma once
// Sockets to kept programs, as far as a thread has registered them with its event loop. A socket
// stays registered while its program is used by the same thread, because registering it for each
// request would cost more than the request.

#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/stream_socket.hpp"
#include "gatehouse/base/task.hpp"

namespace gatehouse::process {

// An event loop as other threads know it, which may outlive it.
class loop_handle {
 public:
  explicit loop_handle(base::executor ex) : executor_(ex) {}

  // Has the loop's own thread close a socket (thread_sockets::remove), if the loop is still there.
  // Throws std::bad_alloc.
  void remove_there(std::uint64_t number);

  // Closes it now. For the loop's own thread; never fails.
  void remove_here(std::uint64_t number);

 private:
  friend class thread_sockets;
  void end();

  std::mutex mutex_;
  std::optional<base::executor> executor_;  // none when the loop is gone
};

// Those of one event loop; goes with it. For its thread alone.
class thread_sockets final : public boost::asio::execution_context::service {
 public:
  using key_type = thread_sockets;
  static inline boost::asio::execution_context::id id;

  explicit thread_sockets(boost::asio::execution_context& of);

  // Those of the executor's loop.
  static thread_sockets& of(base::executor ex);

  std::shared_ptr<loop_handle> const& loop() const { return loop_; }

  // Registers a duplicate of the descriptor under the number, unless it is there already. Errors
  // are the system's.
  base::result<base::stream_socket*> add(base::executor ex, std::uint64_t number, int fd);

  // Closes the duplicate. Who waits for it is told so (operation_aborted). Never fails.
  void remove(std::uint64_t number);

 private:
  void shutdown() override;

  std::shared_ptr<loop_handle> loop_;
  using numbered = std::map<std::uint64_t, std::unique_ptr<base::stream_socket>>;
  numbered sockets_;
  numbered closed_;  // which may be in use further up the stack until the next one is added
};

}  // namespace gatehouse::process
