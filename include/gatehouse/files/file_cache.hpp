#pragma once
// The hot-file cache keeps files that are requested often, with their header fields ready to be
// sent. Small files are kept in memory, larger ones are held open. An entry is used for
// limits::cached_file_trust and then compared with the file system, so that no answer is older than
// that.

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/files/representation.hpp"

namespace gatehouse::files {

// One form of a file.
struct cached_form {
  representation description;
  std::string field_lines;  // content_fields, each line with its CRLF
  std::string content;      // empty if the file is held open instead
  base::unique_fd file;
};

// All forms of a file, the uncompressed one last, with the stat(2) result of each.
struct cached_file {
  std::vector<cached_form> forms;
  std::vector<struct stat> states;
};

// Whether two stat(2) results are of the same file, unchanged.
bool same_state(struct stat const& a, struct stat const& b);

// Whether the forms that are held open have not changed. A file that was replaced or deleted counts
// as changed, because its number of links has.
bool is_unchanged(cached_file const& file);

// Whether the last change of a file is longer ago than limits::settled_time. Only then would
// another change show in its times, because these are coarse.
bool is_settled(struct stat const& state, std::chrono::system_clock::time_point now);

// Thread-safe. Keeps at most limit_bytes and limits::cached_open_files descriptors; to make room,
// it drops entries that were not requested lately (the CLOCK algorithm).
class file_cache {
 public:
  using time = std::chrono::steady_clock::time_point;

  explicit file_cache(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  struct known {
    std::shared_ptr<cached_file const> file;
    bool trusted = false;  // it was compared with the file system a moment ago
  };
  // What is known of a path; nothing if it is not in the cache.
  std::optional<known> find(std::string_view path, time now);

  // Puts a file in, or says that the one in the cache was found unchanged. A file over the limit is
  // not taken.
  void keep(std::string_view path, std::shared_ptr<cached_file const> file, time looked_at);

  std::size_t size_bytes() const;
  std::size_t open_files() const;

 private:
  struct entry {
    std::string path;
    std::shared_ptr<cached_file const> file;
    time looked_at;
    std::size_t bytes;
    std::size_t open_files;
    bool asked_for = false;  // since it was last passed over
  };
  void erase(std::list<entry>::iterator it);
  void make_room();

  std::size_t const limit_bytes_;
  mutable std::mutex mutex_;
  std::list<entry> entries_;  // in the order in which they are to be looked at for making room
  std::unordered_map<std::string_view, std::list<entry>::iterator> by_path_;
  std::size_t size_bytes_ = 0;
  std::size_t open_files_ = 0;
};

}  // namespace gatehouse::files
