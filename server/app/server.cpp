#include "gatehouse/app/server.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <set>
#include <utility>

#include "gatehouse/app/access_log.hpp"
#include "gatehouse/app/containment.hpp"
#include "gatehouse/app/kept_programs.hpp"
#include "gatehouse/app/listening.hpp"
#include "gatehouse/app/make_generation.hpp"
#include "gatehouse/app/workers.hpp"
#include "gatehouse/base/keep_going.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/config/capacity.hpp"
#include "gatehouse/life/generation.hpp"
#include "gatehouse/life/predecessor.hpp"
#include "gatehouse/life/privileges.hpp"
#include "gatehouse/life/reload.hpp"
#include "gatehouse/life/service_manager.hpp"
#include "gatehouse/life/shared_resources.hpp"
#include "gatehouse/life/source_watch.hpp"
#include "gatehouse/life/takeover_listener.hpp"
#include "gatehouse/net/listener.hpp"
#include "gatehouse/process/adopted_children.hpp"
#include "gatehouse/show/terminal.hpp"

namespace gatehouse::app {
namespace {

// The limits on connections that can be kept with the descriptors there are.
net::admission_limits admission_limits_of(config::options const& chosen) {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  auto const connections =
      config::affordable_connections(chosen.server.max_connections, descriptors.rlim_cur,
                                     chosen.site.max_scripts, chosen.server.queue);
  if (connections < chosen.server.max_connections) {
    base::log::info("connections-limited",
                    "to " + std::to_string(connections) + " of " +
                        std::to_string(chosen.server.max_connections) + ": the process may have " +
                        std::to_string(descriptors.rlim_cur) + " descriptors (ulimit -n)");
  }
  return {connections, chosen.server.max_connections_per_address};
}

std::set<uid_t> trusted_users(life::identity const& who) {
  return {0, ::geteuid(), who.user.value_or(::geteuid())};
}

}  // namespace

struct server::parts {
  parts(config::options const& chosen, option_source source)
      : again(std::move(source)), shared(chosen) {}

  option_source again;
  life::service_manager manager;
  life::shared_resources shared;
  trace_targets targets;
  std::optional<life::generation> current;
  std::optional<net::admission> places;
  std::optional<workers> threads;
  std::optional<net::listener> listener;
  std::optional<life::predecessor> before_us;
  std::unique_ptr<life::takeover_listener> takeover;
  std::optional<boost::asio::signal_set> signals;
  std::optional<process::adopted_children> adopted;
  show::terminals started_from;
  bool handling_signals = false;
  bool reaping = false;
  bool awaiting_successor = false;
  bool asked_to_end = false;
  bool stopping = false;
  bool reloading = false;
  bool reload_wanted = false;  // one more
  bool watching = false;       // the files of applications

  base::executor main_executor() const { return threads->main_executor(); }
  std::optional<config::usage_error> begin(config::options const& chosen);
  std::variant<sockets, config::usage_error> inherited_sockets(config::options const& chosen,
                                                               life::identity const& who);
  void make_workers();
  std::optional<config::usage_error> listen(sockets opened);
  void get_ready();
  void start();
  std::optional<config::usage_error> listen_for_takeover();
  std::optional<config::usage_error> relieve_predecessor();
  void await_signals();
  base::task<void> handle_signals();
  base::task<void> await_successor();
  void reload();
  base::task<void> reload_once();
  base::task<void> watch_sources();
  base::task<std::optional<config::usage_error>> change_generation();
  enum class ending { soon, gently };
  base::task<void> stop(ending how);
  base::task<bool> scripts_end_within(std::chrono::steady_clock::duration limit);
};

std::variant<std::unique_ptr<server>, config::usage_error> server::create(config::options chosen,
                                                                          option_source again) {
  auto p = std::make_unique<parts>(chosen, std::move(again));
  if (auto const wrong = p->begin(chosen)) return *wrong;
  return std::unique_ptr<server>(new server(std::move(p)));
}

std::optional<config::usage_error> server::parts::begin(config::options const& chosen) {
  auto const who = life::resolve_identity(chosen.server.user, chosen.server.group);
  if (auto const* const error = std::get_if<config::usage_error>(&who)) return *error;
  auto opened = inherited_sockets(chosen, std::get<life::identity>(who));
  if (std::holds_alternative<sockets>(opened))
    opened = given_or_opened(std::get<sockets>(std::move(opened)), chosen.server);
  if (auto const* const error = std::get_if<config::usage_error>(&opened)) return *error;
  auto& listening = std::get<sockets>(opened);
  if (access_log::is_file(chosen.site.access_log)) {
    // What stands in its way is told when the log is opened.
    life::make_file_for(std::get<life::identity>(who), chosen.site.access_log);
  }
  auto first = make_generation(chosen, endpoints_of(listening), shared, targets);
  if (auto const* const error = std::get_if<config::usage_error>(&first)) return *error;
  current = std::get<life::generation>(std::move(first));
  make_workers();
  if (auto wrong = listen(std::move(listening))) return wrong;
  if (auto const error = life::drop_privileges(std::get<life::identity>(who))) {
    return life::cannot_become(chosen.server.user, chosen.server.group, error);
  }
  if (auto wrong = listen_for_takeover()) return wrong;
  get_ready();
  if (auto const wrong = start_programs_now(*current))
    return config::usage_error{"gatehouse: " + *wrong};
  return relieve_predecessor();
}

// The sockets of a server that is taken over from, or of whoever started us; none if there are
// none.
std::variant<sockets, config::usage_error> server::parts::inherited_sockets(
    config::options const& chosen, life::identity const& who) {
  auto given = life::given_sockets();
  if (std::holds_alternative<config::usage_error>(given) || chosen.server.takeover.empty())
    return given;
  auto found = life::predecessor::ask(chosen.server.takeover, trusted_users(who));
  if (auto const* const wrong = std::get_if<config::usage_error>(&found)) return *wrong;
  before_us = std::get<std::optional<life::predecessor>>(std::move(found));
  if (!before_us) return given;
  return before_us->take_sockets();
}

void server::parts::make_workers() {
  threads.emplace(current->chosen.server.threads, current->service);
  places.emplace(admission_limits_of(current->chosen));
  listener.emplace(main_executor(), threads->sets(), *places, current->service->render_error);
}

std::optional<config::usage_error> server::parts::listen(sockets opened) {
  for (auto& one : opened) {
    if (auto const error = listener->adopt(std::move(one))) {
      return config::usage_error{"gatehouse: a socket that was given cannot be served: " +
                                 error.message()};
    }
  }
  return std::nullopt;
}

std::optional<config::usage_error> server::parts::listen_for_takeover() {
  auto const& path = current->chosen.server.takeover;
  if (path.empty()) return std::nullopt;
  auto opened = life::takeover_listener::open(main_executor(), path);
  if (auto const* const wrong = std::get_if<config::usage_error>(&opened)) return *wrong;
  takeover = std::get<std::unique_ptr<life::takeover_listener>>(std::move(opened));
  return std::nullopt;
}

// The last step that can fail: once the other server has been told, this one serves.
std::optional<config::usage_error> server::parts::relieve_predecessor() {
  if (!takeover) return std::nullopt;
  auto const path = current->chosen.server.takeover.string();
  if (before_us) {
    if (auto wrong = before_us->relieve([this] { return takeover->publish(); })) return wrong;
    before_us.reset();
    base::log::info("takeover", "took over from the server at " + path);
  } else if (auto const error = takeover->publish()) {
    return config::usage_error{"gatehouse: --takeover: " + path +
                               " cannot be made: " + error.message()};
  }
  return std::nullopt;
}

server::server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
server::~server() = default;

std::string server::urls() const {
  return urls_text(parts_->listener->endpoints());
}

int server::run() {
  auto& p = *parts_;
  p.manager.ready("Serving on " + endpoints_text(p.listener->endpoints()));
  p.threads->run([&p] { p.start(); });
  // A connection that did not end when it was cut is still used by something: nothing may be taken
  // from under it.
  if (p.threads->connections() > 0) ::_exit(0);
  return 0;
}

// See base::keep_going.
void server::parts::start() {
  listener->start();
  base::keep_going(main_executor(), handling_signals, [this] { return handle_signals(); });
  base::keep_going(main_executor(), reaping, [this] { return adopted->reap(*shared.launcher()); });
  if (takeover)
    base::keep_going(main_executor(), awaiting_successor, [this] { return await_successor(); });
  if (current->chosen.server.reload)
    base::keep_going(main_executor(), watching, [this] { return watch_sources(); });
}

// Whoever reads that the server is ready may send it a signal at once.
void server::parts::get_ready() {
  ::signal(SIGPIPE, SIG_IGN);
  await_signals();
  adopted.emplace(main_executor());
  shared.get_ready(current->chosen.server.threads, make_filter(current->chosen.server));
  current->get_ready();
  auto const landlock = process::landlock_version();
  for (auto const& remark :
       containment_remarks(current->chosen, ::geteuid() == 0, landlock ? *landlock : 0)) {
    base::log::write(remark.warning ? base::log::level::warn : base::log::level::info,
                     remark.reason, remark.text);
  }
}

// A SIGHUP that is ignored (nohup) stays ignored.
void server::parts::await_signals() {
  signals.emplace(main_executor(), SIGTERM, SIGINT);
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    signals->add(SIGHUP);
}

// The first signal to end does so in good order, the second at once.
base::task<void> server::parts::handle_signals() {
  while (true) {
    auto const [ec, signal] = co_await signals->async_wait(base::as_result);
    if (ec) co_return;
    if (signal == SIGHUP && !started_from.any_closed()) {
      if (!stopping) reload();
    } else if (!std::exchange(asked_to_end, true)) {
      if (!stopping) {
        boost::asio::co_spawn(main_executor(), stop(ending::soon), boost::asio::detached);
      } else {
        threads->on_each_set([](net::connection_set& set) { set.finish_soon(); });
      }
    } else {
      shared.launcher()->signal_all(SIGKILL);
      ::_exit(128 + signal);
    }
  }
}

base::task<void> server::parts::await_successor() {
  if (stopping) co_return;
  bool const handed_over = co_await takeover->handed_over(listener->native_handles());
  if (!handed_over || stopping) co_return;
  base::log::info("takeover", "another server has taken over; this one ends with its connections");
  co_await stop(ending::gently);
}

// One reload at a time; what is asked for meanwhile is one more.
void server::parts::reload() {
  if (std::exchange(reload_wanted, true) || reloading) return;
  reloading = true;
  boost::asio::co_spawn(main_executor(), reload_once(), [this](std::exception_ptr const&) {
    reloading = false;
    if (reload_wanted && !stopping) {
      reload_wanted = false;
      reload();
    }
  });
}

// Another generation takes the place of the current one, or nothing changes at all.
base::task<void> server::parts::reload_once() {
  reload_wanted = false;
  manager.reloading();
  auto const wrong = co_await change_generation();
  if (stopping) co_return;
  if (wrong) {
    base::log::error("reload-refused", "all stays as it is: " + wrong->line);
    co_return manager.ready("Serving as before: the new configuration is wrong");
  }
  base::log::info("reloaded", "the configuration was read again");
  manager.ready("Serving on " + endpoints_text(listener->endpoints()));
}

// What is kept in memory is started anew before, and the current generation serves meanwhile.
base::task<std::optional<config::usage_error>> server::parts::change_generation() try {
  auto read = again();
  if (auto const* const wrong = std::get_if<config::usage_error>(&read)) co_return *wrong;
  auto& next = std::get<config::options>(read);
  auto const kept = life::keep_fixed(next.server, current->chosen.server);
  auto made = make_generation(next, listener->endpoints(), shared, targets);
  if (auto const* const wrong = std::get_if<config::usage_error>(&made)) co_return *wrong;
  auto& following = std::get<life::generation>(made);
  following.get_ready();
  auto const not_started = co_await start_programs(main_executor(), following);
  if (not_started) co_return config::usage_error{"gatehouse: " + *not_started};
  if (stopping) co_return std::nullopt;
  for (auto const name : kept) {
    base::log::warn("reload-kept", "--" + std::string(name) + " keeps its value until a restart");
  }
  current = std::move(following);
  shared.change(current->chosen);
  base::log::set_level(current->chosen.server.log_level);
  threads->on_each_set(
      [service = current->service](net::connection_set& set) { set.serve_with(service); });
  if (current->chosen.server.reload)
    base::keep_going(main_executor(), watching, [this] { return watch_sources(); });
  co_return std::nullopt;
} catch (std::exception const& e) {
  co_return config::usage_error{std::string("gatehouse: ") + e.what()};
}

// With --reload, the change of an application's file is as good as a SIGHUP.
base::task<void> server::parts::watch_sources() {
  life::source_watch watch;
  base::timer pause(main_executor());
  while (!stopping && current->chosen.server.reload) {
    if (auto const changed = watch.look(current->sources())) {
      base::log::info("source-changed", *changed + " has changed");
      reload();
    }
    pause.expires_after(base::limits::source_look_interval);
    co_await pause.async_wait(base::as_result);
  }
}

base::task<void> server::parts::stop(ending how) {
  stopping = true;
  manager.stopping();
  if (takeover) takeover->close();
  listener->stop();
  if (targets.exchanges) targets.exchanges->close();
  auto const& chosen = current->chosen;
  if (how == ending::gently) {
    threads->on_each_set([](net::connection_set& set) { set.wind_down(); });
    co_await threads->connections_end_within(chosen.server.drain_time);
  }
  threads->on_each_set([](net::connection_set& set) { set.finish_soon(); });
  bool const ended = co_await threads->connections_end_within(chosen.server.drain_time);
  if (!ended) {
    base::log::warn("drain-timeout", "connections were cut after the drain time");
    threads->on_each_set([](net::connection_set& set) { set.cut(); });
    co_await threads->connections_end_within(base::limits::end_wait);
  }
  co_await end_programs(main_executor(), shared.keeper(), chosen.server.grace);
  if (shared.launcher()->running() > 0) {
    shared.launcher()->signal_all(SIGTERM);
    bool const over = co_await scripts_end_within(chosen.server.grace);
    if (!over) {
      shared.launcher()->signal_all(SIGKILL);
      co_await scripts_end_within(base::limits::end_wait);
    }
  }
  signals->cancel();
  threads->stop();
}

base::task<bool> server::parts::scripts_end_within(std::chrono::steady_clock::duration limit) {
  base::timer pause(main_executor());
  auto const until = std::chrono::steady_clock::now() + limit;
  while (shared.launcher()->running() > 0) {
    if (std::chrono::steady_clock::now() >= until) co_return false;
    pause.expires_after(base::limits::stop_look_interval);
    co_await pause.async_wait(base::as_result);
  }
  co_return true;
}

}  // namespace gatehouse::app
