#pragma once
// The restrictions that a program runs under from its first instruction on: resource limits, its
// priority, whether it can gain privileges, its sandbox. The value is made once, and the launcher's
// child applies it between clone and exec.

#include <sys/resource.h>

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
  process::sandbox* sandbox = nullptr;  // outlives all programs; asks for no_new_privileges
};

}  // namespace gatehouse::process
