#pragma once
// A temporary file without a name, for a request body whose length must be known before its script
// starts.

#include <cstdint>
#include <memory>
#include <string_view>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

class spool_file {
 public:
  // In TMPDIR, else /tmp. Its bytes are counted among those of space. Errors are the system's.
  static base::result<spool_file> create(std::shared_ptr<base::budget> space);

  // Adds bytes at the end. Errors: errc::spools_full; ENOSPC and the like are given back, nothing
  // is retried.
  base::error_code append(std::string_view bytes);

  std::uint64_t size() const { return size_; }

  // A file that is given away, at its first byte, and the room that it takes.
  struct content {
    base::unique_fd file;
    base::budget::part space;
  };
  base::result<content> release();  // errors are the system's

 private:
  spool_file(base::unique_fd file, std::shared_ptr<base::budget> space)
      : file_(std::move(file)), space_(std::move(space)) {}
  base::unique_fd file_;
  base::budget::part space_;
  std::uint64_t size_ = 0;
};

}  // namespace gatehouse::process
