#include "gatehouse/process/spool_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "gatehouse/process/pipe.hpp"

namespace gatehouse::process {

namespace {

// Others can only read the file when they open it again by way of /proc.
constexpr mode_t mode = S_IRUSR;

// A file without a name, for writing.
base::result<base::unique_fd> nameless_file() {
  char const* const configured = std::getenv("TMPDIR");
  std::string const directory = configured != nullptr && *configured != '\0' ? configured : "/tmp";
  base::unique_fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  if (file) return file;
  // Some file systems have no O_TMPFILE.
  std::string name = directory + "/gatehouse-XXXXXX";
  file.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return base::last_error();
  ::unlink(name.c_str());
  if (::fchmod(file.get(), mode) != 0) return base::last_error();
  return file;
}

// Opens a file of this process for reading alone, by its descriptor.
base::unique_fd reopened(int fd) {
  auto const path = "/proc/self/fd/" + std::to_string(fd);
  while (true) {
    base::unique_fd reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (reader || errno != EINTR) return reader;
  }
}

}  // namespace

base::result<spool_file> spool_file::create(std::shared_ptr<base::budget> space) {
  auto file = nameless_file();
  if (file.has_error()) return file.error();
  return spool_file(std::move(*file), std::move(space));
}

base::error_code spool_file::append(std::string_view bytes) {
  if (!space_.grow(bytes.size())) return base::errc::spools_full;
  if (auto const error = write_whole(file_.get(), bytes)) return error;
  size_ += bytes.size();
  return {};
}

// Opens the file again for reading alone. A program that could write to it would have disk space
// that no limit covers.
base::result<spool_file::content> spool_file::release() {
  auto reader = reopened(file_.get());
  if (!reader) return base::last_error();
  file_.reset();
  return content{std::move(reader), std::move(space_)};
}

}  // namespace gatehouse::process
