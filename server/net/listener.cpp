#include "gatehouse/net/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <new>
#include <utility>

#include "gatehouse/base/keep_going.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::net {
namespace {

using namespace std::chrono_literals;

// How long accepting pauses when the system has no descriptor or memory to give.
constexpr auto accept_pause = 100ms;
// How many connections are taken before other work of the thread gets its turn.
constexpr int accept_batch = 64;

}  // namespace

// Sees a connection off whose coroutine has ended. Without memory for what it is to wait with, Asio
// takes a coroutine down and its completion handler with it, uncalled.
class connection_set::farewell {
 public:
  farewell(connection_set& from, std::list<connection>::iterator it) : from_(&from), it_(it) {}
  farewell(farewell&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), it_(other.it_) {}
  farewell(farewell const&) = delete;
  farewell& operator=(farewell const&) = delete;
  ~farewell() {
    if (from_ != nullptr) from_->taken_down(it_, "out of memory");
  }
  void operator()(std::exception_ptr const& failure) {
    std::exchange(from_, nullptr)->ended(it_, failure);
  }

 private:
  connection_set* from_;
  std::list<connection>::iterator it_;
};

void connection_set::serve(base::unique_fd accepted, boost::asio::ip::tcp const& protocol) try {
  if (finishing_) return;
  tcp_socket socket(executor_);
  boost::system::error_code ec;
  socket.assign(protocol, accepted.get(), ec);
  if (ec) return base::log::error("accept-failed", ec.message());
  static_cast<void>(accepted.release());
  connections_.emplace_front(std::move(socket), shared_);
  ++size_;
  auto const it = connections_.begin();
  if (winding_down_) it->wind_down();
  farewell at_end(*this, it);
  boost::asio::co_spawn(executor_, it->run(), std::move(at_end));
} catch (std::bad_alloc const&) {
  base::log::error("connection-failed", "out of memory");
}

void connection_set::ended(std::list<connection>::iterator it, std::exception_ptr const& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
    connections_.erase(it);
    --size_;
  } catch (std::exception const& e) {
    taken_down(it, e.what());
  }
}

// What the connection has lent to others of this thread's coroutines, which have been told to end,
// is theirs until they had their turn.
void connection_set::taken_down(std::list<connection>::iterator it, std::string_view why) noexcept
    try {
  base::log::error("connection-failed", why);
  it->taken_down();
  boost::asio::post(executor_, [this, it] {
    connections_.erase(it);
    --size_;
  });
} catch (std::exception const&) {
  // No memory for that either. It is closed, and its place is kept until the server ends.
}

void connection_set::serve_with(std::shared_ptr<service const> const& other) {
  shared_ = other;
  for (auto& c : connections_) c.serve_with(other);
}

void connection_set::wind_down() {
  winding_down_ = true;
  for (auto& c : connections_) c.wind_down();
}

void connection_set::finish_soon() {
  finishing_ = true;
  for (auto& c : connections_) c.finish_soon();
}

void connection_set::cut() {
  finishing_ = true;
  for (auto& c : connections_) c.cut();
}

listener::listener(base::executor ex, std::vector<connection_set*> sets)
    : acceptor_(ex), pause_(ex), sets_(std::move(sets)) {}

base::error_code listener::open(boost::asio::ip::tcp::endpoint const& where) {
  boost::system::error_code ec;
  protocol_ = where.protocol();
  acceptor_.open(where.protocol(), ec);
  if (!ec && ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC) != 0) ec = base::last_error();
  if (!ec) acceptor_.native_non_blocking(true, ec);
  if (!ec) acceptor_.set_option(acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(where, ec);
  if (!ec) acceptor_.listen(boost::asio::socket_base::max_listen_connections, ec);
  return ec;
}

base::error_code listener::adopt(base::unique_fd listening) {
  auto const option = [&](int name) {
    int value = -1;
    socklen_t size = sizeof value;
    if (::getsockopt(listening.get(), SOL_SOCKET, name, &value, &size) != 0) value = -1;
    return value;
  };
  int const family = option(SO_DOMAIN);
  bool const fits = (family == AF_INET || family == AF_INET6) && option(SO_TYPE) == SOCK_STREAM &&
                    option(SO_ACCEPTCONN) == 1;
  if (!fits) return make_error_code(boost::system::errc::invalid_argument);
  if (::fcntl(listening.get(), F_SETFD, FD_CLOEXEC) != 0) return base::last_error();
  protocol_ = family == AF_INET6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
  boost::system::error_code ec;
  acceptor_.assign(protocol_, listening.get(), ec);
  if (ec) return ec;
  static_cast<void>(listening.release());
  acceptor_.native_non_blocking(true, ec);
  return ec;
}

boost::asio::ip::tcp::endpoint listener::endpoint() const {
  boost::system::error_code ignored;
  return acceptor_.local_endpoint(ignored);
}

void listener::start() {
  base::keep_going(acceptor_.get_executor(), running_, [this] { return run(); });
}

base::task<void> listener::run() {
  while (!stopped_) {
    auto const [ec] = co_await acceptor_.async_wait(acceptor::wait_read, base::as_result);
    if (stopped_) co_return;
    auto const failure = ec ? base::error_code(ec) : accept_while_there_is_memory();
    if (!failure) continue;
    base::log::error("accept-failed", failure.message());
    pause_.expires_after(accept_pause);
    co_await pause_.async_wait(base::as_result);
  }
}

base::error_code listener::accept_while_there_is_memory() try {
  return accept_waiting();
} catch (std::bad_alloc const&) {
  return {ENOMEM, boost::system::system_category()};
}

// Takes what is in the queue. accept4, because Asio's accept makes descriptors that survive an
// exec.
base::error_code listener::accept_waiting() {
  for (int taken = 0; taken < accept_batch; ++taken) {
    base::unique_fd accepted(
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted) {
      auto const failure = base::last_error();
      if (failure == boost::system::errc::operation_would_block) return {};
      if (failure == boost::system::errc::connection_aborted) continue;
      if (failure == boost::system::errc::interrupted) continue;
      return failure;
    }
    auto& set = *sets_[next_];
    next_ = (next_ + 1) % sets_.size();
    boost::asio::post(set.get_executor(),
                      [&set, protocol = protocol_, fd = std::move(accepted)]() mutable {
                        set.serve(std::move(fd), protocol);
                      });
  }
  return {};
}

void listener::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace gatehouse::net
