#pragma once
// A temporary file without a name, for a request body whose length must be known before its script
// starts.

#include <cstdint>
#include <string_view>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

class spool_file {
 public:
  // In TMPDIR, else /tmp. Errors are the system's.
  static base::result<spool_file> create();

  // Adds bytes at the end. ENOSPC and the like are given back; nothing is retried.
  base::error_code append(std::string_view bytes);

  std::uint64_t size() const { return size_; }

  // Gives the file away, to be read from its first byte.
  base::result<base::unique_fd> release();

 private:
  explicit spool_file(base::unique_fd file) : file_(std::move(file)) {}
  base::unique_fd file_;
  std::uint64_t size_ = 0;
};

}  // namespace gatehouse::process
