#include "gatehouse/process/thread_sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

void loop_handle::remove_there(std::uint64_t number) {
  std::lock_guard const lock(mutex_);
  if (!executor_) return;
  boost::asio::post(*executor_,
                    [ex = *executor_, number] { thread_sockets::of(ex).remove(number); });
}

void loop_handle::remove_here(std::uint64_t number) {
  std::lock_guard const lock(mutex_);
  if (executor_) thread_sockets::of(*executor_).remove(number);
}

void loop_handle::end() {
  std::lock_guard const lock(mutex_);
  executor_.reset();
}

// The services that sockets need have to be there before this one, because they go in the reverse
// order.
thread_sockets::thread_sockets(boost::asio::execution_context& of)
    : boost::asio::execution_context::service(of),
      loop_(
          std::make_shared<loop_handle>(static_cast<boost::asio::io_context&>(of).get_executor())) {
  base::stream_socket const first(static_cast<boost::asio::io_context&>(of).get_executor());
}

thread_sockets& thread_sockets::of(base::executor ex) {
  return boost::asio::use_service<thread_sockets>(
      static_cast<boost::asio::execution_context&>(ex.context()));
}

base::result<base::stream_socket*> thread_sockets::add(base::executor ex, std::uint64_t number,
                                                       int fd) {
  closed_.clear();
  auto const known = sockets_.find(number);
  if (known != sockets_.end()) return known->second.get();
  base::unique_fd own(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!own) return base::last_error();
  auto made = std::make_unique<base::stream_socket>(ex);
  if (auto const error = made->assign(std::move(own), AF_UNIX)) return error;
  return sockets_.emplace(number, std::move(made)).first->second.get();
}

void thread_sockets::remove(std::uint64_t number) {
  auto const found = sockets_.find(number);
  if (found == sockets_.end()) return;
  found->second->close();
  closed_.insert(sockets_.extract(found));
}

void thread_sockets::shutdown() {
  loop_->end();
  sockets_.clear();
  closed_.clear();
}

}  // namespace gatehouse::process
