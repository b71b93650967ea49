#pragma once
// A Python that runs worker.py, and the socket over which it is told what to do: it says that it
// has imported the application, or why it cannot, and is handed the sockets that requests go over.
// With preload it forks workers, and says how each of them ended.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gatehouse/base/event.hpp"
#include "gatehouse/gateway/program_log.hpp"
#include "gatehouse/process/child_process.hpp"
#include "gatehouse/wsgi/frames.hpp"
#include "gatehouse/wsgi/worker_starter.hpp"

namespace gatehouse::wsgi {

// Of the lines that workers write.
inline constexpr std::string_view log_code = "wsgi-log";

class interpreter : public std::enable_shared_from_this<interpreter> {
 public:
  // Suspends until the application is imported. Otherwise there is a text that says why not, such
  // as a traceback, for at most limits::kept_start_time.
  struct made {
    std::shared_ptr<interpreter> one;
    std::string wrong;
  };
  static base::task<made> start(base::executor ex, process::launcher& launcher,
                                worker_plan const& plan);

  explicit interpreter(base::executor ex);
  ~interpreter();

  // Hands over descriptors: of the worker that it becomes, or is to fork. They stay the caller's.
  bool hand_over(char word, std::span<int const> fds);

  // After hand_over() with preload: the worker's pid; 0 if there is none in time.
  base::task<pid_t> forked();

  // Calls action when the worker that was forked ends, with its status if that is known.
  void when_ended(pid_t worker, std::function<void(std::optional<int>)> action);

  // The files that the application is made of, if that was asked for.
  std::vector<std::string> const& sources() const { return sources_; }

  bool has_ended() const { return ended_; }
  process::child_process& child() { return *child_; }
  std::shared_ptr<gateway::program_log> const& log() const { return log_; }
  void when_it_ends(std::function<void()> action);

  // No more workers will be asked for: it ends when those that it has forked have ended.
  void close();

 private:
  using control_socket =
      boost::asio::basic_stream_socket<boost::asio::local::stream_protocol, base::executor>;

  base::task<std::string> await_import();
  static base::task<void> listen(std::shared_ptr<interpreter> self);
  void take(control_frame const& frame);
  void end();

  control_socket control_;
  base::unique_fd lifeline_;
  std::optional<process::child_process> child_;
  std::shared_ptr<gateway::program_log> log_;
  std::string received_;
  std::optional<control_frame> answer_;
  std::vector<std::string> sources_;
  base::timer wake_;
  std::map<pid_t, std::function<void(std::optional<int>)>> workers_;
  std::map<pid_t, int> statuses_;  // of workers that ended before anybody asked
  std::function<void()> on_end_;
  bool ended_ = false;
};

}  // namespace gatehouse::wsgi
