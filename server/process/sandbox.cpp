#include "gatehouse/process/sandbox.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "gatehouse/base/clock.hpp"
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
// The rights that a rule for a file can have; the others are for directories.
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

// /etc/resolv.conf may be a link to one of these, which have the addresses of the name servers.
std::vector<grant> network_grants() {
  return {{"/run/systemd/resolve", read_only},
          {"/run/NetworkManager", read_only},
          {"/run/resolvconf", read_only}};
}

constexpr char configuration[] = "/etc";

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

// A path that the system does not have, or that we may not open, is left out.
base::error_code allow_if_there(base::unique_fd const& ruleset, grant const& what,
                                std::uint64_t handled) {
  auto const error = allow(ruleset, what, handled);
  using boost::system::errc::errc_t;
  bool const not_there = error == errc_t::no_such_file_or_directory ||
                         error == errc_t::permission_denied || error == errc_t::not_a_directory;
  return not_there ? base::error_code{} : error;
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

base::result<std::unique_ptr<sandbox>> sandbox::prepare(sandbox_rules rules) {
  auto const version = landlock_version();
  if (version.has_error()) return version.error();
  std::unique_ptr<sandbox> out(new sandbox(std::move(rules), *version));
  if (auto const error = out->try_once()) return error;
  return out;
}

sandbox::sandbox(sandbox_rules rules, int version) : rules_(std::move(rules)), version_(version) {
  note_paths();
}

// The sandbox is tried once, so that a server whose scripts could not enter it does not start. A
// thread of its own tries it, because a thread cannot leave a sandbox.
base::error_code sandbox::try_once() const {
  auto const ruleset = make_ruleset("/", "");
  if (ruleset.has_error()) return ruleset.error();
  base::error_code error;
  std::thread([&] {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::syscall(SYS_landlock_restrict_self, ruleset->get(), 0U) != 0)
      error = base::last_error();
  }).join();
  return error;
}

base::result<sandbox_entry> sandbox::entry_for(std::string const& directory,
                                               std::string const& script) {
  struct stat info {};
  bool const is_link = ::lstat(script.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
  std::lock_guard const lock(mutex_);
  drop_outdated_rulesets();
  auto ruleset = ruleset_for(directory, is_link ? script : std::string());
  if (ruleset.has_error()) return ruleset.error();
  return sandbox_entry{std::move(*ruleset), version_ >= 7 ? log_denials_after_exec : 0};
}

// The modes of the files in /etc restrict everybody but root. So the scripts of root get only what
// is public there, file by file. Many of these files change by being replaced, and a rule stays
// with the old file.
void sandbox::note_paths() {
  configuration_ =
      ::geteuid() == 0 ? public_parts_of(configuration) : public_parts{{configuration}, {}};
  named_ = named_now();
}

std::vector<sandbox::identity> sandbox::named_now() const {
  std::vector<identity> out;
  for (auto const& path : rules_.readable) out.push_back(identity_of(path));
  for (auto const& path : rules_.writable) out.push_back(identity_of(path));
  return out;
}

void sandbox::drop_outdated_rulesets() {
  auto const now = base::coarse_now();
  if (now - checked_at_ < base::limits::sandbox_trust) return;
  checked_at_ = now;
  if (!has_changed(configuration_) && named_now() == named_) return;
  note_paths();
  rulesets_.clear();
}

// The inode of what a ruleset names is not reused while the ruleset is open, so equal numbers mean
// the same file.
base::result<std::shared_ptr<base::unique_fd const>> sandbox::ruleset_for(
    std::string const& directory, std::string const& linked) {
  auto const here = identity_of(directory);
  auto const there = identity_of(linked);
  auto const key = linked.empty() ? directory : directory + '\n' + linked;
  auto const known = rulesets_.find(key);
  if (known != rulesets_.end() && known->second.directory == here && known->second.linked == there)
    return known->second.ruleset;
  auto made = make_ruleset(directory, linked);
  if (made.has_error()) return made.error();
  if (rulesets_.size() >= base::limits::sandboxed_directories) rulesets_.clear();
  auto ruleset = std::make_shared<base::unique_fd const>(std::move(*made));
  rulesets_[key] = {here, there, ruleset};
  return ruleset;
}

sandbox::identity sandbox::identity_of(fs::path const& path) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

base::result<base::unique_fd> sandbox::make_ruleset(std::string const& directory,
                                                    std::string const& linked) const {
  auto const handled = rights_in(version_);
  ruleset_attribute attribute{.files = handled};
  if (version_ >= 4 && !rules_.network) attribute.network = bind_and_connect_tcp;
  if (version_ >= 6) attribute.scopes = abstract_sockets | signals;
  // An older kernel accepts a longer structure if the part that it does not know is 0.
  base::unique_fd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attribute, sizeof attribute, 0U)));
  if (!ruleset) return base::last_error();

  auto system = system_grants();
  for (auto const& part : configuration_.paths) system.push_back({part, read_only});
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

}  // namespace gatehouse::process
