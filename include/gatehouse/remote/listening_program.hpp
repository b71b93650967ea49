#pragma once
// A FastCGI or SCGI program that the server keeps: it is started with a listening socket as its
// descriptor 0 (FastCGI 1.0, 2.2), which only the server can connect to, and takes one request at a
// time from there. A pool keeps such programs (process/pool.hpp).

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/gateway/program_log.hpp"
#include "gatehouse/process/child_process.hpp"
#include "gatehouse/process/kept_program.hpp"
#include "gatehouse/process/private_listener.hpp"
#include "gatehouse/upstream/application.hpp"

namespace gatehouse::remote {

// How the programs of a pool are started.
struct program_plan {
  std::string path;                      // absolute
  std::string directory;                 // absolute
  std::vector<std::string> environment;  // NAME=value
  rlim_t descriptor_limit = 0;           // see process::program
  std::shared_ptr<process::containment const> held_by;
  std::chrono::steady_clock::duration grace{};
};

class listening_program final : public process::kept_program {
 public:
  // path: its file. first: a connection to it that it has accepted.
  listening_program(process::child_process child, std::string path,
                    std::shared_ptr<gateway::program_log> log, process::private_listener at,
                    base::unique_fd first);

  pid_t pid() const override { return child_.pid(); }
  std::string const& log_name() const override { return child_.log_name(); }
  std::optional<int> status() const override;
  std::vector<std::string> last_lines() const override { return log_->last_lines(); }
  std::vector<std::string> sources() const override { return {path_}; }
  std::vector<base::unique_fd> take_sockets() override;
  void when_ended(std::function<void()> action) override;
  void retire() override;
  void stop() override { child_.stop(); }

  // For whoever has its lease:

  // Its file.
  std::string const& path() const { return path_; }

  // Where it is asked. It is one place.
  std::shared_ptr<upstream::application> const& application() const { return application_; }

  // To be called by each request first: connections that another thread keeps would occupy it.
  void use_from(base::executor const& ex);

  // The connection that was made to see that it accepts some; none if it was taken.
  base::unique_fd take_first_connection() { return std::move(first_); }

  // It has ended, and had not accepted the connection that was open then.
  bool ended_unheard() const { return unheard_; }

 private:
  void note_end();

  process::child_process child_;
  std::string const path_;
  std::shared_ptr<gateway::program_log> log_;
  process::private_listener listener_;
  std::shared_ptr<upstream::application> application_;  // shared with connections to it
  base::unique_fd first_;
  void const* last_user_ = nullptr;  // the loop of the thread that used it last
  std::atomic<int> status_ = 0;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> unheard_ = false;
};

// Starts the programs of a pool. The launcher outlives what is made here.
std::unique_ptr<process::program_starter> make_program_starter(base::executor ex,
                                                               process::launcher& launcher,
                                                               program_plan plan);

}  // namespace gatehouse::remote
