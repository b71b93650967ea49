#include "gatehouse/process/sandbox.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <thread>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::process {
namespace {

namespace fs = std::filesystem;

// Landlock's interface as of version 7. The system's own header may be older than its kernel.
struct ruleset_attribute {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // from version 4
  std::uint64_t scopes = 0;   // from version 6
};
constexpr std::uint64_t refer = 1U << 13U;                  // from version 2
constexpr std::uint64_t truncate_file = 1U << 14U;          // from version 3
constexpr std::uint64_t ioctl_device = 1U << 15U;           // from version 5
constexpr std::uint64_t bind_and_connect_tcp = 3;           // from version 4
constexpr std::uint64_t abstract_sockets = 1;               // from version 6
constexpr std::uint64_t signals = 2;                        // from version 6
constexpr std::uint32_t log_denials_after_exec = 1U << 1U;  // from version 7

constexpr std::uint64_t first_version_rights = (1U << 13U) - 1;
constexpr std::uint64_t read_and_run =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t read_only = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t read_and_write =
    (first_version_rights | refer | truncate_file) &
    ~std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                   LANDLOCK_ACCESS_FS_MAKE_BLOCK};
// What a rule for a file can have.
constexpr std::uint64_t rights_of_files = LANDLOCK_ACCESS_FS_EXECUTE |
                                          LANDLOCK_ACCESS_FS_WRITE_FILE |
                                          LANDLOCK_ACCESS_FS_READ_FILE | truncate_file;

std::uint64_t rights_in(int version) {
  std::uint64_t out = first_version_rights;
  if (version >= 2) out |= refer;
  if (version >= 3) out |= truncate_file;
  if (version >= 5) out |= ioctl_device;
  return out;
}

struct grant {
  fs::path where;
  std::uint64_t rights;
};

// What programs of any kind need, beside the configuration in /etc.
std::vector<grant> system_grants() {
  std::vector<grant> out;
  for (char const* const programs : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"}) {
    if (!fs::is_symlink(programs)) out.push_back({programs, read_and_run});
  }
  for (char const* const state : {"/proc", "/sys/devices/system"})
    out.push_back({state, read_only});
  for (char const* const device : {"/dev/null", "/dev/zero", "/dev/full"})
    out.push_back({device, read_and_write});
  for (char const* const device : {"/dev/random", "/dev/urandom"})
    out.push_back({device, read_only});
  return out;
}

// Where the addresses of name servers lie that /etc/resolv.conf links to.
std::vector<grant> network_grants() {
  return {{"/run/systemd/resolve", read_only},
          {"/run/NetworkManager", read_only},
          {"/run/resolvconf", read_only}};
}

constexpr char configuration[] = "/etc";

base::error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

base::error_code allow(base::unique_fd const& ruleset, grant const& what, std::uint64_t handled) {
  base::unique_fd const opened(::open(what.where.c_str(), O_PATH | O_CLOEXEC));
  if (!opened) return base::last_error();
  struct stat info {};
  if (::fstat(opened.get(), &info) != 0) return base::last_error();
  landlock_path_beneath_attr rule{};
  rule.allowed_access = what.rights & handled;
  if (!S_ISDIR(info.st_mode)) rule.allowed_access &= rights_of_files;
  rule.parent_fd = opened.get();
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) != 0)
    return base::last_error();
  return {};
}

// What a system does not have, or keeps from us, is not there for scripts either.
base::error_code allow_if_there(base::unique_fd const& ruleset, grant const& what,
                                std::uint64_t handled) {
  auto const error = allow(ruleset, what, handled);
  using boost::system::errc::errc_t;
  bool const not_there = error == errc_t::no_such_file_or_directory ||
                         error == errc_t::permission_denied || error == errc_t::not_a_directory;
  return not_there ? base::error_code{} : error;
}

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
class filter {
 public:
  filter() {
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
    return std::move(steps_);
  }

 private:
  void load(std::uint32_t offset) {
    steps_.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offset});
  }
  void jump(unsigned short how, std::uint32_t value, unsigned char yes, unsigned char no) {
    steps_.push_back({static_cast<unsigned short>(BPF_JMP | how | BPF_K), yes, no, value});
  }
  void give(std::uint32_t verdict) {
    steps_.push_back({BPF_RET | BPF_K, 0, 0, verdict});
  }

  std::vector<sock_filter> steps_;
};

std::vector<sock_filter> make_filter(bool network, std::uint64_t group_key) {
  filter out;
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

bool same_time(timespec const& a, timespec const& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

timespec change_time(fs::path const& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ctim : timespec{};
}

bool add_public_parts(fs::path const& directory, std::vector<fs::path>& parts,
                      std::vector<fs::path>& looked_at);

// Adds what is public of one entry; whether that is all of it.
bool add_public_part(fs::path const& entry, std::vector<fs::path>& parts,
                     std::vector<fs::path>& looked_at) {
  struct stat info {};
  // A link grants nothing: what it leads to is judged where it lies.
  if (::lstat(entry.c_str(), &info) != 0 || S_ISLNK(info.st_mode)) return true;
  bool const directory = S_ISDIR(info.st_mode);
  mode_t const needed = directory ? S_IROTH | S_IXOTH : S_IROTH;
  if ((info.st_mode & needed) != needed) return false;
  if (directory) return add_public_parts(entry, parts, looked_at);
  if (S_ISREG(info.st_mode)) parts.push_back(entry);
  return S_ISREG(info.st_mode);
}

bool add_public_parts(fs::path const& directory, std::vector<fs::path>& parts,
                      std::vector<fs::path>& looked_at) {
  looked_at.push_back(directory);
  std::vector<fs::path> inner;
  bool all = true;
  std::error_code ec;
  for (fs::directory_iterator entry(directory, ec), end; !ec && entry != end; entry.increment(ec)) {
    if (!add_public_part(entry->path(), inner, looked_at)) all = false;
  }
  if (all && !ec) {
    parts.push_back(directory);
    return true;
  }
  parts.insert(parts.end(), inner.begin(), inner.end());
  return false;
}

}  // namespace

base::result<int> landlock_version() {
  long const version = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0},
                                 LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return base::last_error();
  return static_cast<int>(version);
}

std::string not_held_by(int landlock_version) {
  struct row {
    int since;
    std::string_view what;
  };
  constexpr row rows[] = {
      {3, "truncating files that their mode lets it write"},
      {5, "ioctl on devices that it can open"},
      {6, "signals to other processes of its user, abstract Unix sockets"},
  };
  std::string out;
  for (row const& r : rows) {
    if (landlock_version < r.since) out.append(out.empty() ? "" : ", ").append(r.what);
  }
  return out;
}

std::vector<fs::path> public_parts(fs::path const& directory, std::vector<fs::path>& looked_at) {
  std::vector<fs::path> parts;
  add_public_parts(directory, parts, looked_at);
  return parts;
}

base::result<std::unique_ptr<sandbox>> sandbox::prepare(sandbox_rules rules) {
  auto const version = landlock_version();
  if (version.has_error()) return version.error();
  if (processor == 0) return system_error(ENOSYS);
  std::unique_ptr<sandbox> out(new sandbox(std::move(rules), *version));
  auto const key = ::getrandom(&out->group_key_, sizeof out->group_key_, 0);
  if (key != static_cast<ssize_t>(sizeof out->group_key_)) return system_error(EIO);
  // It is entered once, so that a server whose scripts could not do it does not start; by a thread
  // of its own, because there is no way out.
  auto const ruleset = out->make_ruleset("/", "");
  if (ruleset.has_error()) return ruleset.error();
  base::error_code failed;
  std::thread([&] {
    failed = out->filter_this_thread();
    if (!failed && ::syscall(SYS_landlock_restrict_self, ruleset->get(), 0U) != 0)
      failed = base::last_error();
  }).join();
  if (failed) return failed;
  return out;
}

sandbox::sandbox(sandbox_rules rules, int version) : rules_(std::move(rules)), version_(version) {
  look_at_system();
}

// Who is not root is held by the modes of the files in /etc. Root is not, and gets what is public;
// that is looked at again when it changes, because much in there changes by taking another's place.
void sandbox::look_at_system() {
  if (::geteuid() != 0) {
    configuration_ = {configuration};
    return;
  }
  std::vector<fs::path> directories;
  configuration_ = public_parts(configuration, directories);
  looked_at_.clear();
  for (auto& directory : directories) {
    auto const changed = change_time(directory);
    looked_at_.push_back({std::move(directory), changed});
  }
}

bool sandbox::system_changed() const {
  return std::any_of(looked_at_.begin(), looked_at_.end(), [](changing const& c) {
    return !same_time(change_time(c.directory), c.changed);
  });
}

sandbox::identity sandbox::identity_of(std::string const& path) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

// A ruleset's directories cannot be removed and their inodes not be given to others as long as it
// is open, so equal numbers are the same directory.
base::result<sandbox_entry> sandbox::entry_for(std::string const& directory,
                                               std::string const& script) {
  struct stat info {};
  bool const is_link = ::lstat(script.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
  std::string const linked = is_link ? script : std::string();
  auto const here = identity_of(directory);
  auto const there = identity_of(linked);
  std::uint32_t const flags = version_ >= 7 ? log_denials_after_exec : 0;

  std::lock_guard const lock(mutex_);
  auto const now = std::chrono::steady_clock::now();
  if (!looked_at_.empty() && now - looked_ >= base::limits::sandbox_trust) {
    looked_ = now;
    if (system_changed()) {
      look_at_system();
      rulesets_.clear();
    }
  }
  auto const key = linked.empty() ? directory : directory + '\n' + linked;
  auto const known = rulesets_.find(key);
  if (known != rulesets_.end() && known->second.directory == here && known->second.script == there)
    return sandbox_entry{known->second.ruleset, flags};
  auto made = make_ruleset(directory, linked);
  if (made.has_error()) return made.error();
  if (rulesets_.size() >= base::limits::sandboxed_directories) rulesets_.clear();
  auto ruleset = std::make_shared<base::unique_fd const>(std::move(*made));
  rulesets_[key] = {here, there, ruleset};
  return sandbox_entry{std::move(ruleset), flags};
}

base::result<base::unique_fd> sandbox::make_ruleset(std::string const& directory,
                                                    std::string const& linked) const {
  auto const handled = rights_in(version_);
  ruleset_attribute attribute{.files = handled};
  if (version_ >= 4 && !rules_.network) attribute.network = bind_and_connect_tcp;
  if (version_ >= 6) attribute.scopes = abstract_sockets | signals;
  // An older kernel takes a longer structure as long as what it does not know is 0.
  base::unique_fd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attribute, sizeof attribute, 0U)));
  if (!ruleset) return base::last_error();

  auto system = system_grants();
  for (auto const& part : configuration_) system.push_back({part, read_only});
  if (rules_.network) {
    for (auto& more : network_grants()) system.push_back(std::move(more));
  }
  for (auto const& what : system) {
    if (auto const error = allow_if_there(ruleset, what, handled)) return error;
  }
  std::vector<grant> own;
  for (auto const& path : rules_.readable) own.push_back({path, read_and_run});
  for (auto const& path : rules_.writable) own.push_back({path, read_and_write});
  own.push_back({directory, read_and_run});
  if (!linked.empty()) own.push_back({linked, read_and_run});
  for (auto const& what : own) {
    if (auto const error = allow(ruleset, what, handled)) return error;
  }
  return ruleset;
}

base::error_code sandbox::filter_this_thread() const {
  auto steps = make_filter(rules_.network, group_key_);
  sock_fprog const program{static_cast<unsigned short>(steps.size()), steps.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return base::last_error();
  // What is refused can be logged by the kernel's audit; speculation is left as it is for others.
  unsigned const flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0)
    return base::last_error();
  return {};
}

}  // namespace gatehouse::process
