#pragma once
// A file that is in no file system, for what reads its input from one.

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::fuzz {

class memory_file {
 public:
  memory_file() : file_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (!file_ || ::fchmod(file_.get(), 0755) != 0) std::abort();
  }

  std::string name() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

  // Makes text all that is in it.
  void write(std::string_view text) const {
    bool const written =
        ::ftruncate(file_.get(), 0) == 0 &&
        ::pwrite(file_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    if (!written) std::abort();
  }

 private:
  base::unique_fd file_;
};

}  // namespace gatehouse::fuzz
