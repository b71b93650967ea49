#pragma once
// Starts the workers of one application: a Python that runs worker.py and imports it, or, where it
// is imported once for all, that forks a worker each time. Used by a pool, on the keeper's thread.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/process/kept_program.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::wsgi {

// How the workers of an application are started.
struct worker_plan {
  std::string application;               // MODULE[:CALLABLE]
  std::string python;                    // absolute
  std::string directory;                 // absolute
  std::vector<std::string> environment;  // NAME=value
  std::size_t threads = 1;               // of each worker, with a socket each
  bool several = true;                   // there is more than one worker
  bool preload = true;                   // import once, then fork
  bool watched = false;                  // tell which files the application is made of
  rlim_t descriptor_limit = 0;           // see process::program
  std::shared_ptr<process::containment const> held_by;
  std::chrono::steady_clock::duration grace{};
};

// The launcher outlives what is made here.
std::unique_ptr<process::program_starter> make_worker_starter(base::executor ex,
                                                              process::launcher& launcher,
                                                              worker_plan plan);

}  // namespace gatehouse::wsgi
