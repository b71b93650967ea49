#include "gatehouse/process/system_call_filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace gatehouse::process {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t processor = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t processor = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t processor = AUDIT_ARCH_RISCV64;
#else
constexpr std::uint32_t processor = 0;  // the filter does not know it
#endif

// The lower half of an argument is at its offset on all of these processors.
constexpr std::uint32_t argument(std::size_t index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}
constexpr std::uint32_t refused(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

// A filter in the making (classic BPF, which has forward jumps alone). The accumulator holds the
// number of the system call between two rules.
class steps {
 public:
  steps() {
    load(offsetof(seccomp_data, arch));
    // Another processor's calls have other numbers (32-bit programs, also where they are called out
    // of 64-bit ones).
    jump(BPF_JEQ, processor, 1, 0);
    give(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    constexpr std::uint32_t x32 = 0x40000000;
    jump(BPF_JGE, x32, 0, 1);
    give(SECCOMP_RET_KILL_PROCESS);
#endif
  }

  // The call fails.
  void refuse(long call, int error) {
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 1);
    give(refused(error));
  }

  // The call fails unless the lower half of its first argument has that value.
  void refuse_unless(long call, std::uint32_t first, int error) {
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 4);
    load(argument(0));
    jump(BPF_JEQ, first, 1, 0);
    give(refused(error));
    give(SECCOMP_RET_ALLOW);
  }

  // The call fails unless the lower halves of its third and fourth argument are the key.
  void refuse_without_key(long call, std::uint64_t key, int error) {
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 6);
    load(argument(2));
    jump(BPF_JEQ, static_cast<std::uint32_t>(key), 0, 2);
    load(argument(3));
    jump(BPF_JEQ, static_cast<std::uint32_t>(key >> 32U), 1, 0);
    give(refused(error));
    give(SECCOMP_RET_ALLOW);
  }

  std::vector<sock_filter> finish() && {
    give(SECCOMP_RET_ALLOW);
    return std::move(all_);
  }

 private:
  void load(std::uint32_t offset) {
    all_.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offset});
  }
  void jump(unsigned short how, std::uint32_t value, unsigned char yes, unsigned char no) {
    all_.push_back({static_cast<unsigned short>(BPF_JMP | how | BPF_K), yes, no, value});
  }
  void give(std::uint32_t verdict) {
    all_.push_back({BPF_RET | BPF_K, 0, 0, verdict});
  }

  std::vector<sock_filter> all_;
};

std::vector<sock_filter> make_steps(bool network, std::uint64_t group_key) {
  steps out;
  // A process that leaves its group is not met when the group is stopped.
  out.refuse(SYS_setsid, EPERM);
  out.refuse_without_key(SYS_setpgid, group_key, EPERM);
  // Limits of another process of the same user: of the server, too.
  out.refuse_unless(SYS_prlimit64, 0, EPERM);
  // Its operations go past this filter.
  out.refuse(SYS_io_uring_setup, EPERM);
  if (!network) {
    out.refuse_unless(SYS_socket, AF_UNIX, EACCES);
    out.refuse_unless(SYS_socketpair, AF_UNIX, EACCES);
  }
  return std::move(out).finish();
}

}  // namespace

bool system_call_filter::knows_this_processor() {
  return processor != 0;
}

system_call_filter::system_call_filter(bool network, std::uint64_t group_key)
    : steps_(make_steps(network, group_key)) {}

base::error_code system_call_filter::install() const {
  sock_fprog const program{static_cast<unsigned short>(steps_.size()),
                           const_cast<sock_filter*>(steps_.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return base::last_error();
  // What is refused can be logged by the kernel's audit; speculation is left as it is for others.
  unsigned const flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0)
    return base::last_error();
  return {};
}

}  // namespace gatehouse::process
