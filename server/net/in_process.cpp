#include "gatehouse/net/in_process.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::net {
namespace {

using boost::asio::ip::tcp;

// Passes events on to another tracer, and tells the connection to end after its first exchange.
class ends_after_one final : public trace::tracer {
 public:
  ends_after_one(trace::tracer* to, connection*& of) : to_(to), of_(of) {}

  std::unique_ptr<trace::sink> begin(http::exchange_context const& context,
                                     std::optional<http::steady_time> connected) override {
    if (first_ == 0) first_ = context.number;
    return std::make_unique<watching>(*this,
                                      to_ == nullptr ? nullptr : to_->begin(context, connected));
  }

  // The number of the first exchange.
  std::uint64_t first() const { return first_; }

 private:
  class watching final : public trace::sink {
   public:
    watching(ends_after_one& owner, std::unique_ptr<trace::sink> to)
        : owner_(owner), to_(std::move(to)) {}
    // The owner may be gone when a script reports after `ended`.
    void record(trace::event const& what) override {
      if (to_) to_->record(what);
      if (std::holds_alternative<trace::ended>(what) && owner_.of_ != nullptr) owner_.of_->cut();
    }
    bool prints_stderr() const override { return to_ && to_->prints_stderr(); }

   private:
    ends_after_one& owner_;
    std::unique_ptr<trace::sink> to_;
  };

  trace::tracer* to_;
  connection*& of_;
  std::uint64_t first_ = 0;
};

// What the connection uses; it may outlive the exchange.
class served final : public connection_watch, public std::enable_shared_from_this<served> {
 public:
  served(std::shared_ptr<service const> of, in_process_limits const& limits)
      : whose_(std::move(of)), watcher_(whose_->tracer, running_), mine_(*whose_) {
    mine_.tracer = &watcher_;
    mine_.limits.header_timeout = limits.for_head;
  }

  void start(tcp_socket socket, http::peer const& client) {
    // This pointer owns nothing, because the service would otherwise own itself.
    std::shared_ptr<service const> const mine(std::shared_ptr<void>(), &mine_);
    running_ = &one_.emplace(std::move(socket), mine, client);
    running_->start(*this, weak_from_this());
  }
  void cut() {
    if (running_ != nullptr) running_->cut();
  }
  // The number of the first exchange.
  std::uint64_t first_exchange() const { return watcher_.first(); }

  void entered(stage) override {}
  void ended() override { running_ = nullptr; }
  // Other coroutines may use the connection until they had their turn.
  void failed(std::string_view why) noexcept override try {
    std::exchange(running_, nullptr)->taken_down();
    base::log::error("connection-failed", why);
    boost::asio::post(one_->get_executor(), [self = shared_from_this()] {});
  } catch (std::exception const&) {
    // There is no memory for this either.
  }

 private:
  std::shared_ptr<service const> whose_;  // the one that `mine_` refers into
  connection* running_ = nullptr;
  ends_after_one watcher_;
  service mine_;
  std::optional<connection> one_;
};

base::result<std::array<tcp_socket, 2>> make_pair(base::executor ex) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return base::last_error();
  std::array<tcp_socket, 2> out{tcp_socket(ex), tcp_socket(ex)};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    base::unique_fd fd(ends[i]);
    boost::system::error_code ec;
    out[i].assign(tcp::v4(), fd.get(), ec);
    if (ec) {
      if (i == 0) base::unique_fd(ends[1]).reset();
      return ec;
    }
    static_cast<void>(fd.release());
  }
  return out;
}

base::task<void> send(std::shared_ptr<tcp_socket> to, std::string bytes) {
  co_await boost::asio::async_write(*to, boost::asio::buffer(bytes), base::as_result);
}

}  // namespace

base::task<base::result<in_process_answer>> answer_in_process(std::shared_ptr<service const> shared,
                                                              http::peer from, std::string request,
                                                              in_process_limits limits,
                                                              http::exchange_context* asker) {
  auto const ex = co_await boost::asio::this_coro::executor;
  auto pair = make_pair(ex);
  if (pair.has_error()) co_return pair.error();
  auto const s = std::make_shared<served>(std::move(shared), limits);
  s->start(std::move((*pair)[0]), from);
  auto const client = std::make_shared<tcp_socket>(std::move((*pair)[1]));
  boost::asio::co_spawn(ex, send(client, std::move(request)), boost::asio::detached);

  in_process_answer out;
  auto const cut = [&out, s] {
    out.cut = true;
    s->cut();
  };
  base::deadline in_all(ex, cut);
  in_all.set(limits.in_all);
  std::unique_ptr<http::subscription> asker_leaves;
  if (asker != nullptr) asker_leaves = asker->when_client_leaves(cut);
  std::array<char, base::limits::head_read_bytes> buffer;
  while (true) {
    auto const [ec, got] =
        co_await client->async_read_some(boost::asio::buffer(buffer), base::as_result);
    if (ec) break;
    out.size += got;
    out.response.append(buffer.data(), std::min(got, limits.kept_bytes - out.response.size()));
  }
  client->close();
  out.exchange = s->first_exchange();
  co_return out;
}

}  // namespace gatehouse::net
