#pragma once
// The seccomp filter (seccomp(2)) of a sandbox: what Landlock does not know about. It refuses to
// leave the process group, to make processes that are no descendants, to be traced by the server,
// to touch limits, priority and processors of other processes, to leave memory, semaphores, queues
// or keys behind, and io_uring, whose operations would go past it; without the network also every
// socket but a Unix one. A system call of another kind of processor (32-bit programs) ends the
// process.

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "gatehouse/base/error.hpp"

namespace gatehouse::process {

class system_call_filter {
 public:
  // group_key: lets setpgid(2) pass when its halves are the third and the fourth argument.
  system_call_filter(bool network, std::uint64_t group_key);

  // With a random key. Errors: ENOSYS where there is no filter for the processor that this was
  // built for; of getrandom(2); of install().
  static base::result<system_call_filter> prepare(bool network);

  // Whether there is a filter for the processor that this was built for.
  static bool knows_this_processor();

  // Puts the calling thread, and each program that it starts from then on, under the filter, for
  // good. They get no privilege by an exec any more. Errors: of prctl(2) and seccomp(2).
  base::error_code install() const;

  // What the child of a filtered thread says to make its own group; a script cannot.
  std::uint64_t group_key() const { return group_key_; }

 private:
  std::vector<sock_filter> steps_;
  std::uint64_t group_key_;
};

}  // namespace gatehouse::process
