#include "gatehouse/process/thread_sockets.hpp"

#include <fcntl.h>

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
  local_socket const first(static_cast<boost::asio::io_context&>(of).get_executor());
}

thread_sockets& thread_sockets::of(base::executor ex) {
  return boost::asio::use_service<thread_sockets>(
      static_cast<boost::asio::execution_context&>(ex.context()));
}

base::result<local_socket*> thread_sockets::add(base::executor ex, std::uint64_t number, int fd) {
  auto& place = sockets_[number];
  if (place) return place.get();
  base::unique_fd own(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  base::error_code error = own ? base::error_code{} : base::last_error();
  auto made = std::make_unique<local_socket>(ex);
  if (!error) made->assign(boost::asio::local::stream_protocol(), own.get(), error);
  if (!error) static_cast<void>(own.release());
  if (!error) made->native_non_blocking(true, error);
  if (error) {
    sockets_.erase(number);
    return error;
  }
  place = std::move(made);
  return place.get();
}

void thread_sockets::remove(std::uint64_t number) {
  sockets_.erase(number);
}

void thread_sockets::shutdown() {
  loop_->end();
  sockets_.clear();
}

}  // namespace gatehouse::process
