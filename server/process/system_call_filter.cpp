#include "gatehouse/process/system_call_filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <thread>

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

// The offset of the lower half of an argument; all of these processors are little-endian.
constexpr std::uint32_t argument(std::size_t index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}
constexpr std::uint32_t refused(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

// A filter that is being built, in classic BPF, which can only jump forward. Between two rules the
// accumulator holds the number of the system call.
class steps {
 public:
  steps() {
    load(offsetof(seccomp_data, arch));
    // Calls of another architecture have other numbers: those of 32-bit programs, and 32-bit calls
    // in 64-bit programs.
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

  // The call fails if the lower half of its first argument has that value.
  void refuse_if(long call, std::uint32_t first, int error) {
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 4);
    load(argument(0));
    jump(BPF_JEQ, first, 0, 1);
    give(refused(error));
    give(SECCOMP_RET_ALLOW);
  }

  // The call fails if the lower half of its first argument has any of these bits.
  void refuse_bits(long call, std::uint32_t bits, int error) {
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 4);
    load(argument(0));
    jump(BPF_JSET, bits, 0, 1);
    give(refused(error));
    give(SECCOMP_RET_ALLOW);
  }

  // For calls whose first argument says whether the second one names a process, a group or a user.
  // The call fails if it names a user, or anything but 0, which is the caller or its own group.
  void refuse_others(long call, std::uint32_t user, int error) {
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 6);
    load(argument(0));
    jump(BPF_JEQ, user, 2, 0);
    load(argument(1));
    jump(BPF_JEQ, 0, 1, 0);
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

// A value for ioprio_set(2), which is in no header.
constexpr std::uint32_t ioprio_who_user = 3;

// Keeps a script from making processes that the end of its group does not reach. A process that has
// left the group would not get the group's signals. The server would be notified of a sibling of
// the script, and of a process that it traces, as of children of its own.
void keep_in_the_group(steps& out, std::uint64_t group_key) {
  out.refuse(SYS_setsid, EPERM);
  out.refuse_without_key(SYS_setpgid, group_key, EPERM);
  out.refuse_bits(SYS_clone, CLONE_PARENT, EPERM);
  // A filter cannot see the flags of clone3, because they are in memory. The C library falls back
  // on clone(2).
  out.refuse(SYS_clone3, ENOSYS);
  out.refuse_if(SYS_ptrace, PTRACE_TRACEME, EPERM);
}

// Keeps a script from changing the limits, priority and processors of other processes of the same
// user, such as the server. The caller names its own by 0.
void keep_from_others(steps& out) {
  out.refuse_unless(SYS_prlimit64, 0, EPERM);
  out.refuse_others(SYS_setpriority, PRIO_USER, EPERM);
  out.refuse_others(SYS_ioprio_set, ioprio_who_user, EPERM);
  for (long const call :
       {SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_sched_setaffinity})
    out.refuse_unless(call, 0, EPERM);
}

// Keeps a script from leaving in the kernel what outlives all of its processes, and from reaching
// what other processes of the same user keep there: shared memory, semaphores and queues of System
// V, queues of POSIX, and keys. (Shared memory and semaphores of POSIX are files in /dev/shm.)
void keep_from_leaving_things(steps& out) {
  for (long const call : {SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop, SYS_semtimedop,
                          SYS_semctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open,
                          SYS_mq_unlink, SYS_add_key, SYS_request_key, SYS_keyctl})
    out.refuse(call, EPERM);
}

std::vector<sock_filter> make_steps(bool network, std::uint64_t group_key) {
  steps out;
  keep_in_the_group(out, group_key);
  keep_from_others(out);
  keep_from_leaving_things(out);
  // The kernel does not apply this filter to the operations of io_uring.
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
    : steps_(make_steps(network, group_key)), group_key_(group_key) {}

// The filter is tried once, so that a server whose scripts would run without it does not start. A
// thread of its own tries it, because a filter cannot be removed from a thread.
base::result<system_call_filter> system_call_filter::prepare(bool network) {
  if (!knows_this_processor()) return base::error_code(ENOSYS, boost::system::system_category());
  std::uint64_t key = 0;
  if (::getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key))
    return base::error_code(EIO, boost::system::system_category());
  system_call_filter out(network, key);
  base::error_code error;
  std::thread([&] { error = out.install(); }).join();
  if (error) return error;
  return out;
}

base::error_code system_call_filter::install() const {
  sock_fprog const program{static_cast<unsigned short>(steps_.size()),
                           const_cast<sock_filter*>(steps_.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return base::last_error();
  // The kernel's audit can log what is refused. Mitigations of speculative execution stay as they
  // are for other programs; by default a filter would turn them on and slow the scripts down.
  unsigned const flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0)
    return base::last_error();
  return {};
}

}  // namespace gatehouse::process
