#pragma once
// What all generations of a server share, because it outlives each of them: the launcher of
// scripts, the places among those that run, the space for spooled bodies, and the limit of
// descriptors that was in force when the process started. A script that was started under one
// generation may end under the next.

#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <optional>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/base/recency.hpp"
#include "gatehouse/cgi/script_slots.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/process/launcher.hpp"
#include "gatehouse/process/program_keeper.hpp"
#include "gatehouse/process/system_call_filter.hpp"

namespace gatehouse::life {

class shared_resources {
 public:
  // Raises the limit of open descriptors.
  explicit shared_resources(config::options const& chosen);
  shared_resources(shared_resources const&) = delete;
  shared_resources& operator=(shared_resources const&) = delete;

  // Programs can be started. After the signal handlers are set and privileges are given up, and
  // before there are many descriptors (see process::vfork_launcher). filter: with a --sandbox.
  void get_ready(unsigned threads, std::optional<process::system_call_filter> filter);

  // Takes from the options what can change: how many scripts run at once, and wait, and how much of
  // request bodies may be spooled for them.
  void change(config::options const& chosen);

  process::launcher* launcher() { return launcher_.get(); }  // null before get_ready()
  process::program_keeper& keeper() { return *keeper_; }     // after get_ready()
  cgi::script_slots& slots() { return slots_; }
  std::shared_ptr<base::budget> const& spool_space() { return spool_space_; }

  // The limit of open descriptors that was in force, which programs get back: one that uses
  // select(2) breaks on descriptors over 1023.
  rlim_t descriptor_limit() const { return descriptor_limit_; }

  // When a request was last answered without a script.
  base::recency& answered_at_once() { return answered_at_once_; }

 private:
  base::recency answered_at_once_;
  cgi::script_slots slots_;
  std::shared_ptr<base::budget> spool_space_;
  rlim_t descriptor_limit_;
  std::unique_ptr<process::launcher> launcher_;
  std::unique_ptr<process::program_keeper> keeper_;  // goes before the launcher
};

}  // namespace gatehouse::life
