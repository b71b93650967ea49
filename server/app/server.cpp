#include "gatehouse/app/server.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <thread>

#include "gatehouse/app/access_log.hpp"
#include "gatehouse/app/exchange_store.hpp"
#include "gatehouse/app/inspector.hpp"
#include "gatehouse/app/privileges.hpp"
#include "gatehouse/app/site.hpp"
#include "gatehouse/app/terminal.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/net/listener.hpp"
#include "gatehouse/trace/log_tracer.hpp"
#include "gatehouse/trace/printer.hpp"

namespace gatehouse::app {
namespace {

using namespace std::chrono_literals;

// How often a stop looks whether everything has ended.
constexpr auto stop_poll_interval = 10ms;
// How long connections may take to end once they have been cut, and scripts once they have been
// killed.
constexpr auto end_wait = 2s;

// One thread's event loop and its connections. The connections go before the loop.
struct worker {
  explicit worker(net::service const& shared)
      : connections(loop.get_executor(), shared), keep_running(loop.get_executor()) {
    // A loop opens its epoll descriptor with its first timer or socket: here, and not when a crowd
    // of clients has left no descriptor to open.
    base::timer const first(loop.get_executor());
  }
  // Only its own thread touches its sockets and pipes; others post to it.
  boost::asio::io_context loop{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  net::connection_set connections;
  boost::asio::executor_work_guard<base::executor> keep_running;
};

}  // namespace

struct server::parts {
  explicit parts(options o) : chosen(std::move(o)), what(chosen) {}

  options chosen;
  access_log log;
  trace::log_tracer log_tracing;
  std::optional<trace::printer> printing;
  std::optional<exchange_store> exchanges;
  inspector_access access;
  site what;
  std::vector<std::unique_ptr<worker>> workers;
  std::optional<net::listener> listener;
  std::optional<boost::asio::signal_set> signals;

  base::executor main_executor() { return workers.front()->loop.get_executor(); }
  void assemble();
  void get_ready();
  void await_signals();
  base::task<void> stop();
  base::task<bool> connections_end_within(std::chrono::steady_clock::duration limit);
  base::task<bool> scripts_end_within(std::chrono::steady_clock::duration limit);
  template <class Action>
  void on_each_set(Action action);
};

void server::parts::assemble() {
  auto& service = what.service();
  if (log.is_on()) {
    service.log_exchange = [this](http::request const* request,
                                  http::exchange_context const& context) {
      log.write(request, context);
    };
  }
  if (base::log::enabled(base::log::level::trace)) what.trace_to(log_tracing);
  auto const hidden = std::string(chosen.inspect ? inspector_prefix : "");
  if (chosen.trace) {
    what.trace_to(printing.emplace(STDERR_FILENO, shows_colours(STDERR_FILENO), hidden));
  }
  if (chosen.inspect) {
    access.token = chosen.inspect_token;
    what.trace_to(exchanges.emplace(hidden));
    what.routes().mount(std::string(inspector_prefix),
                        std::make_unique<inspector>(*exchanges, service, access),
                        {"the inspector", ""});
  }
  std::vector<net::connection_set*> sets;
  for (unsigned i = 0; i < chosen.threads; ++i) {
    sets.push_back(&workers.emplace_back(std::make_unique<worker>(service))->connections);
  }
  listener.emplace(main_executor(), std::move(sets));
}

std::variant<std::unique_ptr<server>, usage_error> server::create(options chosen) {
  auto p = std::make_unique<parts>(std::move(chosen));
  options const& o = p->chosen;
  if (o.inspect && o.inspect_token.empty() && !o.bind.is_loopback()) {
    return usage_error{
        "gatehouse: --inspect: it shows requests with all that is in them, and others "
        "reach " +
        o.bind.to_string() + "; use --inspect-token TOKEN there"};
  }
  auto const who = resolve_identity(o.user, o.group);
  if (auto const* const error = std::get_if<usage_error>(&who)) return *error;
  auto log = access_log::open(o.access_log, o.log_format);
  if (log.has_error()) {
    return usage_error{"gatehouse: --access-log: " + o.access_log + ": " + log.error().message()};
  }
  p->log = std::move(*log);
  p->assemble();
  boost::asio::ip::tcp::endpoint const where(o.bind, o.port);
  if (auto const error = p->listener->open(where)) {
    std::string const address =
        (o.bind.is_v6() ? "[" + o.bind.to_string() + "]" : o.bind.to_string()) + ":";
    return usage_error{"gatehouse: cannot listen on " + address + std::to_string(o.port) + ": " +
                       error.message()};
  }
  if (auto const error = drop_privileges(std::get<identity>(who))) {
    return usage_error{"gatehouse: cannot become --user " + o.user + ": " + error.message()};
  }
  p->get_ready();
  return std::unique_ptr<server>(new server(std::move(p)));
}

server::server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
server::~server() = default;

std::string server::url() const {
  auto const endpoint = parts_->listener->endpoint();
  auto const address = endpoint.address().to_string();
  return "http://" + (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port()) + "/";
}

int server::run() {
  auto& p = *parts_;
  boost::asio::co_spawn(p.main_executor(), p.listener->run(), boost::asio::detached);
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < p.workers.size(); ++i) {
    threads.emplace_back([&loop = p.workers[i]->loop] { loop.run(); });
  }
  p.workers.front()->loop.run();
  for (auto& thread : threads) thread.join();
  bool const all_ended = std::all_of(p.workers.begin(), p.workers.end(),
                                     [](auto const& w) { return w->connections.size() == 0; });
  if (!all_ended)
    ::_exit(0);  // something did not heed being cut: nothing may be taken from under it
  return 0;
}

// Whoever reads that the server is ready may send it a signal at once.
void server::parts::get_ready() {
  ::signal(SIGPIPE, SIG_IGN);
  await_signals();
  what.get_ready();
  for (auto const& remark : containment_remarks(chosen, ::geteuid() == 0, what.sandbox())) {
    base::log::write(remark.warning ? base::log::level::warn : base::log::level::info,
                     remark.reason, remark.text);
  }
}

// The first signal stops in good order, the second at once. A SIGHUP that is ignored (nohup) stays
// ignored.
void server::parts::await_signals() {
  signals.emplace(main_executor(), SIGTERM, SIGINT);
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    signals->add(SIGHUP);
  signals->async_wait([this](boost::system::error_code const& ec, int) {
    if (ec) return;
    boost::asio::co_spawn(main_executor(), stop(), boost::asio::detached);
    signals->async_wait([this](boost::system::error_code const& again, int signal) {
      if (again) return;
      what.launcher().signal_all(SIGKILL);
      ::_exit(128 + signal);
    });
  });
}

base::task<void> server::parts::stop() {
  listener->stop();
  if (exchanges) exchanges->close();
  on_each_set([](net::connection_set& set) { set.finish_soon(); });
  if (!co_await connections_end_within(chosen.drain_time)) {
    base::log::warn("drain-timeout", "connections were cut after the drain time");
    on_each_set([](net::connection_set& set) { set.cut(); });
    co_await connections_end_within(end_wait);
  }
  if (what.launcher().running() > 0) {
    what.launcher().signal_all(SIGTERM);
    if (!co_await scripts_end_within(chosen.grace)) {
      what.launcher().signal_all(SIGKILL);
      co_await scripts_end_within(end_wait);
    }
  }
  signals->cancel();
  for (auto const& w : workers) w->keep_running.reset();
  for (auto const& w : workers) w->loop.stop();
}

template <class Action>
void server::parts::on_each_set(Action action) {
  for (auto const& w : workers) {
    boost::asio::post(w->loop.get_executor(), [&set = w->connections, action] { action(set); });
  }
}

base::task<bool> server::parts::connections_end_within(std::chrono::steady_clock::duration limit) {
  auto const count = [this] {
    std::size_t sum = 0;
    for (auto const& w : workers) sum += w->connections.size();
    return sum;
  };
  base::timer pause(main_executor());
  auto const until = std::chrono::steady_clock::now() + limit;
  while (true) {
    pause.expires_after(stop_poll_interval);
    co_await pause.async_wait(base::as_result);
    if (count() == 0) co_return true;
    if (std::chrono::steady_clock::now() >= until) co_return false;
  }
}

base::task<bool> server::parts::scripts_end_within(std::chrono::steady_clock::duration limit) {
  base::timer pause(main_executor());
  auto const until = std::chrono::steady_clock::now() + limit;
  while (what.launcher().running() > 0) {
    if (std::chrono::steady_clock::now() >= until) co_return false;
    pause.expires_after(stop_poll_interval);
    co_await pause.async_wait(base::as_result);
  }
  co_return true;
}

}  // namespace gatehouse::app
