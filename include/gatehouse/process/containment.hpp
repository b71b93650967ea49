#pragma once
// The restrictions that a program runs under from its first instruction on: resource limits, its
// priority, whether it can gain privileges, its sandbox. The value is made once, and the launcher's
// child applies it between clone and exec.

#include <sys/resource.h>

#include <memory>
#include <vector>

namespace gatehouse::process {

class sandbox;

struct resource_limit {
  int resource;  // RLIMIT_CPU and so on
  rlimit value;
};

struct containment {
  std::vector<resource_limit> limits{};
  int nice = 0;  // 0: as the server's, else the value of setpriority(2)
  bool no_new_privileges = false;
  // Null: none. Shared by the programs that it holds with the configuration that made it. It asks
  // for no_new_privileges.
  std::shared_ptr<process::sandbox> sandbox{};
};

}  // namespace gatehouse::process
