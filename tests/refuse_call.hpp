#pragma once
// A system call that fails, as on a system that does not have it.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace gatehouse::tests {

// From now on this becomes of the call (seccomp(2)) for this thread, and for what it starts. Gives
// whether it does.
inline bool on_call(std::uint32_t number, std::uint32_t action) {
  std::array<sock_filter, 4> rules{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number},
      {BPF_RET | BPF_K, 0, 0, action},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  sock_fprog const filter{rules.size(), rules.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

inline bool refuse_call(std::uint32_t number, std::uint32_t error) {
  return on_call(number, SECCOMP_RET_ERRNO | error);
}

}  // namespace gatehouse::tests
