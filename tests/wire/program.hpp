#pragma once
// Programs that the cases start, and what they left running.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wire {

using arguments = std::vector<std::string>;

struct spawned {
  pid_t pid = -1;
  int pidfd = -1;  // the caller closes it
};

// Starts argv[0] (looked up in PATH) with exactly this environment and these descriptors as 0, 1
// and 2. It is killed if this program dies. Throws if there is no such program.
spawned spawn(arguments const& argv, arguments const& environment, int in, int out, int err,
              std::filesystem::path const& directory = {});

// Waits for the end, up to the deadline. The status as from wait(2); nothing if it still runs.
std::optional<int> wait_for(spawned const& process);

struct outcome {
  int status = -1;  // as from wait(2)
  std::string out;
  std::string err;

  // The exit status; -1 for a program that was killed.
  int code() const;
};

// Runs a program to its end. One that does not end in time is killed.
outcome run(arguments const& argv, arguments environment = {},
            std::filesystem::path const& directory = {});

// PATH, and the sanitizers' options, of this program's own environment.
arguments plain_environment();

// One process as /proc shows it.
struct process_entry {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  char state = '?';
  std::string name;
};

std::vector<process_entry> children_of(pid_t parent);

// What became a child of this program because its parent ended (see main.cpp) and still runs; those
// that have ended are reaped.
std::vector<process_entry> adopted();

// Whether a process of this id exists, zombies not counted.
bool is_running(pid_t pid);

}  // namespace wire
