#pragma once
// A program that a pool keeps (pool.hpp), and how one is started: what differs between the kinds of
// programs that are kept. Both are used on the thread that looks after kept programs, except where
// it is said otherwise.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

class kept_program {
 public:
  kept_program() = default;
  kept_program(kept_program const&) = delete;
  kept_program& operator=(kept_program const&) = delete;
  // What still runs is killed.
  virtual ~kept_program() = default;

  // Any thread may call these.
  virtual pid_t pid() const = 0;
  // The program and its process, for a line of the log: "flaskapp:app[123]".
  virtual std::string const& log_name() const = 0;
  // How it ended, as from wait(2); nothing as long as that is not known.
  virtual std::optional<int> status() const = 0;
  // The last lines that it wrote on its standard error.
  virtual std::vector<std::string> last_lines() const = 0;
  // The files that it is made of, whose change makes it out of date; absolute paths.
  virtual std::vector<std::string> sources() const { return {}; }
  // How many lines it has written there, and those behind so many as far as they are kept. Whoever
  // wants all lines of a request looks at lines_waiting() until there are none that were not read.
  virtual std::uint64_t lines_written() const { return 0; }
  virtual std::vector<std::string> lines_after(std::uint64_t) const { return {}; }
  virtual bool lines_waiting() const { return false; }

  // The sockets that requests go over, one at a time over each. One that is none stands for a
  // request whose connection the program's kind makes for itself. To be called once.
  virtual std::vector<base::unique_fd> take_sockets() = 0;

  // Calls action once when it has ended, now if it has.
  virtual void when_ended(std::function<void()> action) = 0;

  // No request has it, and none will: its sockets are closed. What does not notice that is to be
  // asked to end.
  virtual void retire() {}

  // Asks it to end, with its group: TERM, and KILL after the grace period. Does not suspend.
  virtual void stop() = 0;
};

// Why a program could not be started, in whole lines for people: what it printed, for example.
struct start_refusal {
  std::string text;
};

using start_outcome = std::variant<std::shared_ptr<kept_program>, start_refusal>;

class program_starter {
 public:
  program_starter() = default;
  program_starter(program_starter const&) = delete;
  program_starter& operator=(program_starter const&) = delete;
  virtual ~program_starter() = default;

  // Suspends until a program is ready for requests, or cannot be had. Not called again before it
  // has returned.
  virtual base::task<start_outcome> start() = 0;

  // No more programs will be wanted.
  virtual void close() = 0;
};

}  // namespace gatehouse::process
