#pragma once
// The sandbox of scripts: Landlock (landlock(7)) for files, TCP, signals and abstract sockets, and
// a seccomp filter (seccomp(2)) for what Landlock does not know: other sockets, io_uring, and
// leaving the process group. Made ready by the server; the child that becomes a script then enters
// it with two system calls.
//
// A script may read and run what belongs to the system, and its own directory: that by which it was
// found, and the file itself where a link leads elsewhere. Of /proc it sees what any user sees;
// what belongs to processes outside of its own sandbox is closed (ptrace(2) access mode checks).

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/process/public_parts.hpp"

namespace gatehouse::process {

struct sandbox_rules {
  std::vector<std::filesystem::path> readable{};  // directories or files; also to be run
  std::vector<std::filesystem::path> writable{};  // directories; nothing in them can be run
  bool network = false;
};

// What a script's process needs to enter its sandbox.
struct sandbox_entry {
  // A Landlock ruleset. Shared with the cache, which may drop it while a script is being started.
  std::shared_ptr<base::unique_fd const> ruleset;
  std::uint32_t flags = 0;  // of landlock_restrict_self(2)
};

// The version of Landlock's interface that the kernel offers, from 1. Errors: ENOSYS and EOPNOTSUPP
// where it has none.
base::result<int> landlock_version();

// What a kernel with this version of Landlock does not keep a script from, in words; empty if all
// is held. Pure.
std::string not_held_by(int landlock_version);

// Thread-safe once it is made.
class sandbox {
 public:
  // Errors: of landlock_version(); of the rules' paths.
  static base::result<std::unique_ptr<sandbox>> prepare(sandbox_rules rules);

  // For a script found as `script` that runs in `directory`. Errors are the system's (EMFILE; of a
  // path that is gone).
  base::result<sandbox_entry> entry_for(std::string const& directory, std::string const& script);

  int version() const { return version_; }

 private:
  struct identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(identity const&) const = default;
  };
  struct cached {
    identity directory;
    identity linked;
    std::shared_ptr<base::unique_fd const> ruleset;
  };

  sandbox(sandbox_rules rules, int version);
  base::error_code try_once() const;
  void note_paths();
  std::vector<identity> named_now() const;
  void drop_outdated_rulesets();
  base::result<std::shared_ptr<base::unique_fd const>> ruleset_for(std::string const& directory,
                                                                   std::string const& linked);
  base::result<base::unique_fd> make_ruleset(std::string const& directory,
                                             std::string const& linked) const;
  static identity identity_of(std::filesystem::path const& path);

  sandbox_rules rules_;
  int version_;
  std::mutex mutex_;
  public_parts configuration_;   // of the system: /etc, or what of it is public
  std::vector<identity> named_;  // what the rules' paths were
  std::chrono::steady_clock::time_point checked_at_{};
  std::map<std::string, cached> rulesets_;  // by directory, and link if there is one
};

}  // namespace gatehouse::process
