#include "gatehouse/process/spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "gatehouse/process/pipe.hpp"

namespace gatehouse::process {

base::result<spool_file> spool_file::create(std::shared_ptr<base::budget> space) {
  char const* const configured = std::getenv("TMPDIR");
  std::string const directory = configured != nullptr && *configured != '\0' ? configured : "/tmp";
  base::unique_fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) {  // a file system without O_TMPFILE
    std::string name = directory + "/gatehouse-XXXXXX";
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return base::last_error();
    ::unlink(name.c_str());
  }
  return spool_file(std::move(file), std::move(space));
}

base::error_code spool_file::append(std::string_view bytes) {
  if (!space_.grow(bytes.size())) return base::errc::spools_full;
  if (auto const error = write_whole(file_.get(), bytes)) return error;
  size_ += bytes.size();
  return {};
}

base::result<spool_file::content> spool_file::release() {
  if (::lseek(file_.get(), 0, SEEK_SET) < 0) return base::last_error();
  return content{std::move(file_), std::move(space_)};
}

}  // namespace gatehouse::process
