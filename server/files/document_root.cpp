#include "gatehouse/files/document_root.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>
#include <system_error>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::files {
namespace {

// O_NONBLOCK, because opening a FIFO would otherwise wait for its other end.
constexpr std::uint64_t read_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// The kernel answers EAGAIN when there was a rename meanwhile (openat2(2)); the next try may
// succeed.
base::unique_fd open_at2(int directory, char const* path, std::uint64_t flags,
                         std::uint64_t resolve) {
  struct open_how how {};
  how.flags = flags;
  how.resolve = resolve;
  for (int tries = 0;; ++tries) {
    auto const fd = static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
    bool const again = fd < 0 && (errno == EINTR || errno == EAGAIN);
    if (!again || tries == 8) return base::unique_fd(fd);
  }
}

// What to say if openat2 cannot be used, without which nothing can be served. A filter of system
// calls refuses it with one of these errors; the permissions of the directory lead to others.
std::string unusable_openat2(int error) {
  if (error != ENOSYS && error != EPERM) return "openat2";
  return "the system call openat2 is missing or refused: Linux is older than 5.6, or a filter of "
         "system calls is in force that does not know it (systemd's RestrictSUIDSGID= and "
         "DynamicUser= set one, and so may a container)";
}

http::http_error refusal(unsigned status, std::string_view reason, std::string_view path) {
  return {.status = status, .reason = reason, .detail = std::string(path)};
}

http::http_error refusal_for(int error, std::string_view path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return refusal(404, "file-not-found", path);
    case ELOOP:
      return refusal(404, "symlink-loop", path);
    case EACCES:
    case EPERM:
      return refusal(403, "file-not-readable", path);
    case EXDEV:
      return refusal(403, "symlink-leaves-root", path);
    case ENXIO:  // a socket, or a device that does not exist
    case ENODEV:
      return refusal(403, "not-a-file", path);
    case EMFILE:
    case ENFILE:
      return http::try_again_later("too-many-open-files", std::string(path));
    case ENOMEM:
      return http::try_again_later("out-of-memory", std::string(path));
    default:
      return refusal(500, "file-open-failed",
                     std::string(path) + ": " + std::generic_category().message(error));
  }
}

// The path of an open file without symbolic links, as the kernel sees it. Returns nothing and sets
// errno if /proc cannot tell it.
std::optional<std::string> real_path_of(int fd) {
  std::array<char, PATH_MAX> buffer;
  auto const link = "/proc/self/fd/" + std::to_string(fd);
  auto const length = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (length < 0) return std::nullopt;
  if (length == 0 || buffer[0] != '/' || static_cast<std::size_t>(length) == buffer.size()) {
    errno = EIO;
    return std::nullopt;
  }
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

// Whether the path names this file. If it was renamed or deleted after it was opened, /proc has
// another name for it ("a.cgi (deleted)"), which does not tell whether it is a script.
bool is_named(struct stat const& file, std::string const& path) {
  struct stat named {};
  return ::lstat(path.c_str(), &named) == 0 && named.st_dev == file.st_dev &&
         named.st_ino == file.st_ino;
}

std::string without_slash_at_end(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string_view last_segment(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// Makes a URL path relative: its segments with one slash between them, and one at the end if the
// URL path has one. Returns nothing for a ".." segment.
std::optional<std::string> relative_path(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t at = 0; at < path.size();) {
    auto const end = std::min(path.find('/', at), path.size());
    auto const segment = path.substr(at, end - at);
    if (segment == "..") return std::nullopt;
    if (!segment.empty() && segment != ".") {
      out += segment;
      if (end < path.size()) out += '/';
    }
    at = end + 1;
  }
  return out;
}

// Returns what was opened if it is of a kind that is served. real_path is its path without links.
http::result<open_file> checked(base::unique_fd file, std::string_view real_path) {
  open_file opened{.file = std::move(file), .status = {}, .real_name = {}};
  if (::fstat(opened.file.get(), &opened.status) != 0) return refusal_for(errno, real_path);
  auto const mode = opened.status.st_mode;
  if (!S_ISREG(mode) && !S_ISDIR(mode)) return refusal(403, "not-a-file", real_path);
  opened.real_name = last_segment(real_path);
  return opened;
}

}  // namespace

bool names_dotfile(std::string_view path) {
  for (bool first = true; !path.empty();) {
    auto const segment = path.substr(0, path.find('/'));
    bool const is_well_known = first && segment == ".well-known";
    if (segment.starts_with('.') && !is_well_known) return true;
    if (!segment.empty()) first = false;
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return false;
}

std::optional<std::string> with_single_slashes(std::string_view path) {
  if (path.find("//") == std::string_view::npos) return std::nullopt;
  std::string out;
  out.reserve(path.size());
  for (char const c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  return out;
}

// The root and the hidden directories as they were at one moment. A tree does not change.
class document_root::tree {
 public:
  // before: what was known of the hidden directories until now; may be null. Throws
  // std::system_error if the root cannot be opened.
  tree(settings const& from, tree const* before);

  // Whether the root and the hidden directories have not been replaced since.
  bool is_as_found() const;

  http::result<open_file> open(std::string const& relative) const;

 private:
  // A directory's device and inode identify it by whatever name it is reached. It is held open so
  // that no other directory gets the same inode.
  struct held_directory {
    base::unique_fd directory;
    dev_t device;
    ino_t inode;
  };
  static std::shared_ptr<held_directory const> hold(std::filesystem::path const& path);

  void remember_hidden(tree const* before);
  http::result<open_file> open_without_symlinks(std::string const& relative) const;
  http::result<open_file> open_by_symlink(std::string const& relative) const;
  http::result<open_file> open_anywhere(std::string const& relative) const;
  bool is_named_hidden(std::string_view real_path) const;
  bool is_below_hidden(std::string_view real_path) const;
  bool has_hidden_ancestor(std::string_view real_path, std::size_t from) const;
  bool is_hidden(dev_t device, ino_t inode) const;
  bool is_hidden(struct stat const& status) const {
    return is_hidden(status.st_dev, status.st_ino);
  }

  settings const& settings_;
  base::unique_fd root_;
  struct stat root_status_ {};
  std::string real_root_;  // without a slash at its end: "" for the root of the file system
  bool is_hidden_itself_ = false;
  std::vector<std::string> hidden_paths_;  // absolute and real
  // Those that are at these paths, and then the latest that were.
  std::vector<std::shared_ptr<held_directory const>> hidden_;
};

document_root::tree::tree(settings const& from, tree const* before) : settings_(from) {
  root_.reset(::open(from.directory.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!root_) throw std::system_error(errno, std::generic_category(), from.directory);
  auto const probe = open_at2(root_.get(), ".", read_flags, RESOLVE_BENEATH);
  if (!probe) throw std::system_error(errno, std::generic_category(), unusable_openat2(errno));
  auto const real = real_path_of(root_.get());
  if (!real) throw std::system_error(ENOENT, std::generic_category(), "/proc/self/fd");
  if (::fstat(root_.get(), &root_status_) != 0)
    throw std::system_error(errno, std::generic_category(), from.directory);
  real_root_ = without_slash_at_end(*real);
  remember_hidden(before);
  is_hidden_itself_ = is_hidden(root_status_) || has_hidden_ancestor(real_root_, 0);
}

// A directory that was moved away from its path stays hidden: it may still lie below the root.
void document_root::tree::remember_hidden(tree const* before) {
  for (auto const& path : settings_.hidden) {
    auto const real_path = std::filesystem::weakly_canonical(std::filesystem::absolute(path));
    hidden_paths_.push_back(without_slash_at_end(real_path));
    if (auto directory = hold(path)) hidden_.push_back(std::move(directory));
  }
  if (before == nullptr) return;
  auto const most = hidden_.size() + base::limits::moved_directories;
  for (auto const& known : before->hidden_) {
    if (hidden_.size() < most && !is_hidden(known->device, known->inode)) hidden_.push_back(known);
  }
}

// Null if there is none at this path. Throws where the system cannot tell.
std::shared_ptr<document_root::tree::held_directory const> document_root::tree::hold(
    std::filesystem::path const& path) {
  base::unique_fd directory(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (directory && ::fstat(directory.get(), &status) == 0) {
    return std::make_shared<held_directory const>(
        held_directory{std::move(directory), status.st_dev, status.st_ino});
  }
  auto const why = base::last_error();
  if (base::is_shortage(why)) throw std::system_error(why.value(), std::generic_category(), path);
  return nullptr;
}

// As long as there is nothing in the root's place, the root has not been replaced.
bool document_root::tree::is_as_found() const {
  struct stat now {};
  bool const replaced = ::stat(settings_.directory.c_str(), &now) == 0 &&
                        (now.st_dev != root_status_.st_dev || now.st_ino != root_status_.st_ino);
  if (replaced) return false;
  return std::all_of(settings_.hidden.begin(), settings_.hidden.end(), [&](auto const& path) {
    return ::stat(path.c_str(), &now) != 0 || is_hidden(now);
  });
}

http::result<open_file> document_root::tree::open(std::string const& relative) const {
  auto opened = open_without_symlinks(relative);
  bool const has_symlink = opened.has_error() && opened.error().reason == "symlink-loop";
  if (!has_symlink) return opened;
  return settings_.follow_symlinks ? open_anywhere(relative) : open_by_symlink(relative);
}

// Most files are opened here, by one openat2; without symbolic links the real path is known then.
// The directories above are checked only if the file exists, so that a path of thousands of names
// that lead nowhere costs no more than a short one.
http::result<open_file> document_root::tree::open_without_symlinks(
    std::string const& relative) const {
  auto const real_path = without_slash_at_end(real_root_ + "/" + relative);
  if (is_named_hidden(real_path)) return refusal(403, "script-source", real_path);
  auto file = open_at2(root_.get(), relative.empty() ? "." : relative.c_str(), read_flags,
                       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (!file) return refusal_for(errno, real_path);
  auto opened = checked(std::move(file), relative.empty() ? "" : real_path);
  if (opened && (is_hidden(opened->status) || is_below_hidden(real_path)))
    return refusal(403, "script-source", real_path);
  return opened;
}

// A part of the path is a symbolic link. This finds out where it leads, without opening that for
// reading, and then opens the real path without links, so that the link cannot be changed in
// between. (RESOLVE_BENEATH alone would refuse an absolute link that ends inside the root.)
http::result<open_file> document_root::tree::open_by_symlink(std::string const& relative) const {
  auto const end =
      open_at2(root_.get(), relative.c_str(), O_PATH | O_CLOEXEC, RESOLVE_NO_MAGICLINKS);
  if (!end) return refusal_for(errno, relative);
  auto const real_path = real_path_of(end.get());
  if (!real_path) return refusal_for(errno, relative);
  if (is_named_hidden(*real_path)) return refusal(403, "script-source", *real_path);
  if (!is_at_or_below(*real_path, real_root_)) {
    return refusal(403, "symlink-leaves-root", relative + " -> " + *real_path);
  }
  std::string_view const below = std::string_view(*real_path).substr(real_root_.size());
  return open_without_symlinks(relative_path(below).value_or(""));
}

// With follow_symlinks the link may end anywhere but in a hidden directory.
http::result<open_file> document_root::tree::open_anywhere(std::string const& relative) const {
  auto file = open_at2(root_.get(), relative.c_str(), read_flags, RESOLVE_NO_MAGICLINKS);
  if (!file) return refusal_for(errno, relative);
  auto const real_path = real_path_of(file.get());
  if (!real_path) return refusal_for(errno, relative);
  if (is_named_hidden(*real_path)) return refusal(403, "script-source", *real_path);
  auto opened = checked(std::move(file), *real_path);
  if (!opened) return opened;
  if (is_hidden(opened->status) || is_below_hidden(*real_path))
    return refusal(403, "script-source", *real_path);
  if (!is_named(opened->status, *real_path)) return refusal(404, "file-not-found", *real_path);
  return opened;
}

// Whether the path is one of a hidden directory, or of what lies in one. No file is looked at.
bool document_root::tree::is_named_hidden(std::string_view real_path) const {
  if (is_hidden_itself_ && is_at_or_below(real_path, real_root_)) return true;
  return std::any_of(hidden_paths_.begin(), hidden_paths_.end(),
                     [&](std::string const& hidden) { return is_at_or_below(real_path, hidden); });
}

// Whether a directory above the path is hidden, by whichever name it is reached.
bool document_root::tree::is_below_hidden(std::string_view real_path) const {
  if (hidden_.empty()) return false;
  // The directories above the root were checked when the tree was made.
  bool const inside = is_at_or_below(real_path, real_root_);
  return has_hidden_ancestor(real_path, inside ? real_root_.size() : 0);
}

// Whether a directory above real_path, of those whose path is longer than from, is hidden.
bool document_root::tree::has_hidden_ancestor(std::string_view real_path, std::size_t from) const {
  for (auto slash = real_path.find('/', from + 1); slash != std::string_view::npos;
       slash = real_path.find('/', slash + 1)) {
    std::string const above(real_path.substr(0, slash));
    struct stat status {};
    if (::lstat(above.c_str(), &status) == 0 && is_hidden(status)) return true;
  }
  return false;
}

bool document_root::tree::is_hidden(dev_t device, ino_t inode) const {
  return std::any_of(hidden_.begin(), hidden_.end(), [&](auto const& hidden) {
    return hidden->device == device && hidden->inode == inode;
  });
}

document_root::document_root(settings from)
    : settings_(std::move(from)),
      tree_(std::make_shared<tree const>(settings_, nullptr)),
      looked_(base::coarse_now()) {}

document_root::~document_root() = default;

http::result<open_file> document_root::open(std::string_view path) const {
  auto const relative = relative_path(path);
  if (!relative || path.find('\0') != std::string_view::npos) {
    return refusal(400, "bad-path", path);
  }
  return current()->open(*relative);
}

// Checks whether the root was replaced, as deployments do by renaming a directory into its place.
// Scripts are found by their paths, so they come from the new one at once.
std::shared_ptr<document_root::tree const> document_root::current() const {
  if (is_due(base::coarse_now())) {
    auto const before = kept();
    if (!before->is_as_found()) {
      try {
        auto found = std::make_shared<tree const>(settings_, before.get());
        std::lock_guard const lock(mutex_);
        tree_ = std::move(found);
      } catch (std::system_error const&) {
        // The root was replaced again meanwhile, or no descriptor is left. The next check may
        // succeed.
      }
    }
  }
  return kept();
}

std::shared_ptr<document_root::tree const> document_root::kept() const {
  std::lock_guard const lock(mutex_);
  return tree_;
}

// Returns true to one caller in each interval.
bool document_root::is_due(std::chrono::steady_clock::time_point now) const {
  std::lock_guard const lock(mutex_);
  if (now - looked_ < base::limits::root_look_interval) return false;
  looked_ = now;
  return true;
}

}  // namespace gatehouse::files
