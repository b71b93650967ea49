#pragma once
// One template: an interpreter that forks programs when it is asked to. What is said over its
// socket stands in server/cgi/warm/template.py. All calls are for one thread at a time, and those
// that wait say for how long.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/process/vfork_launcher.hpp"

namespace gatehouse::process {

class template_process {
 public:
  // Starts the interpreter; it gets the text and then the settings. what: its descriptors are
  // filled in here. Does not wait until it is ready. Errors are the system's.
  static base::result<template_process> start(program what, std::string_view text,
                                              std::string const& settings, vfork_launcher& with);
  template_process(template_process&&) noexcept = default;
  template_process& operator=(template_process&&) = delete;
  ~template_process();  // ends and reaps it; the children that it has forked go on

  // What it said since the last call; does not wait. Empty: nothing.
  struct heard {
    std::vector<std::string> words{};
    bool ended = false;
  };
  heard hear();

  // Has it fork a child for the program, and waits for the child's pid, for at most
  // limits::template_answer_time. The child is ours. Without a pid the program does not run, and
  // will not: what the child does first is to tell us its pid, and it ends if it is told nothing
  // then.
  // in_time: whether it gave an answer, or refused.
  struct answer {
    std::optional<pid_t> pid{};
    bool in_time = true;
  };
  answer ask(program const& what);

  pid_t pid() const { return pid_; }

  // The last line of what it has printed, which is nothing as long as all goes well.
  std::string last_line() const;

 private:
  template_process(base::unique_fd socket, base::unique_fd output)
      : socket_(std::move(socket)), output_(std::move(output)) {}

  base::unique_fd socket_;
  base::unique_fd output_;  // where its standard output and error come
  base::unique_fd null_;
  base::unique_fd pidfd_;
  pid_t pid_ = 0;
};

}  // namespace gatehouse::process
