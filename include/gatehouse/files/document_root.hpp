#pragma once
// The only place where a URL path becomes an open file. Files are opened beneath a root directory
// by openat2(2), so that the kernel keeps the path inside and not a comparison of strings. Then the
// opened file is checked against the directories that are never served (those of scripts).

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/http/error.hpp"

namespace gatehouse::files {

// A regular file or a directory, open for reading.
struct open_file {
  base::unique_fd file;
  struct stat status;     // taken from the descriptor after it was opened
  std::string real_name;  // last segment of the path without symbolic links; empty for the root

  bool is_directory() const { return S_ISDIR(status.st_mode); }
};

// Whether a segment of a decoded URL path begins with a dot: such files (.git, .htpasswd) are
// private. "/.well-known" is public (RFC 8615), for what lies at its root. Pure.
bool names_dotfile(std::string_view path);

// The path with one slash for each run of them, so that a file has one name; nothing if it is so
// already. Pure.
std::optional<std::string> with_single_slashes(std::string_view path);

class document_root {
 public:
  struct settings {
    std::filesystem::path directory;
    bool follow_symlinks = false;  // a symbolic link may leave the directory
    // Directories never to be read from, wherever they lie and by whichever path they are reached.
    std::vector<std::filesystem::path> hidden = {};
  };

  // Opens the root and keeps it open. Throws std::system_error if that fails, or if the kernel has
  // no openat2.
  explicit document_root(settings from);
  document_root(document_root const&) = delete;
  document_root& operator=(document_root const&) = delete;
  ~document_root();

  // Opens what the decoded URL path names below the root; repeated slashes count as one, and a path
  // that ends in a slash names a directory only. Another directory that was put in the root's place
  // is the root from then on, or limits::root_look_interval later; while there is none, the old one
  // is. Thread-safe. Does not suspend and does not wait for a FIFO.
  //   400 bad-path             a NUL, or a ".." segment (parse_target leaves none)
  //   403 file-not-readable    no permission
  //   403 not-a-file           neither a regular file nor a directory
  //   403 symlink-leaves-root  unless follow_symlinks
  //   403 script-source        in a hidden directory, or one itself; of what is not there only by
  //                            the directory's own path
  //   404 file-not-found       also where a name or the path is too long
  //   404 symlink-loop
  //   500 file-open-failed     anything unexpected, such as a disk error
  //   503 too-many-open-files, out-of-memory
  http::result<open_file> open(std::string_view path) const;

 private:
  class tree;
  std::shared_ptr<tree const> current() const;
  std::shared_ptr<tree const> kept() const;
  bool is_due(std::chrono::steady_clock::time_point now) const;

  settings settings_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<tree const> tree_;  // with those who are opening a file in it
  mutable std::chrono::steady_clock::time_point looked_;
};

}  // namespace gatehouse::files
