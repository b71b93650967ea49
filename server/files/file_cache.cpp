#include "gatehouse/files/file_cache.hpp"

#include <algorithm>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::files {
namespace {

bool same_time(timespec const& a, timespec const& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

std::chrono::system_clock::time_point time_of(timespec const& t) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)));
}

std::size_t bytes_of(std::string_view path, cached_file const& file) {
  constexpr std::size_t bookkeeping = 256;
  std::size_t bytes = bookkeeping + path.size();
  for (cached_form const& form : file.forms) {
    bytes += sizeof form + sizeof(struct stat) + form.field_lines.size() + form.content.size();
  }
  return bytes;
}

std::size_t open_files_of(cached_file const& file) {
  return static_cast<std::size_t>(
      std::count_if(file.forms.begin(), file.forms.end(),
                    [](cached_form const& form) { return static_cast<bool>(form.file); }));
}

}  // namespace

bool same_state(struct stat const& a, struct stat const& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_mode == b.st_mode &&
         a.st_size == b.st_size && same_time(a.st_mtim, b.st_mtim) &&
         same_time(a.st_ctim, b.st_ctim);
}

bool is_unchanged(cached_file const& file) {
  for (std::size_t i = 0; i < file.forms.size(); ++i) {
    if (!file.forms[i].file) continue;
    struct stat now {};
    if (::fstat(file.forms[i].file.get(), &now) != 0 || !same_state(file.states[i], now))
      return false;
  }
  return true;
}

bool is_settled(struct stat const& state, std::chrono::system_clock::time_point now) {
  auto const changed = std::max(time_of(state.st_mtim), time_of(state.st_ctim));
  return changed + base::limits::settled_time <= now;
}

std::optional<file_cache::known> file_cache::find(std::string_view path, time now) {
  std::lock_guard const lock(mutex_);
  auto const found = by_path_.find(path);
  if (found == by_path_.end()) return std::nullopt;
  entry& e = *found->second;
  e.asked_for = true;
  return known{e.file, now - e.looked_at <= base::limits::cached_file_trust};
}

void file_cache::keep(std::string_view path, std::shared_ptr<cached_file const> file,
                      time looked_at) {
  auto const bytes = bytes_of(path, *file);
  auto const open_files = open_files_of(*file);
  std::lock_guard const lock(mutex_);
  if (auto const found = by_path_.find(path); found != by_path_.end()) {
    if (found->second->file == file) {
      found->second->looked_at = looked_at;
      return;
    }
    erase(found->second);
  }
  if (bytes > limit_bytes_) return;
  auto const it = entries_.insert(
      entries_.end(), {std::string(path), std::move(file), looked_at, bytes, open_files});
  by_path_.emplace(it->path, it);
  size_bytes_ += bytes;
  open_files_ += open_files;
  make_room();
}

std::size_t file_cache::size_bytes() const {
  std::lock_guard const lock(mutex_);
  return size_bytes_;
}

std::size_t file_cache::open_files() const {
  std::lock_guard const lock(mutex_);
  return open_files_;
}

void file_cache::erase(std::list<entry>::iterator it) {
  size_bytes_ -= it->bytes;
  open_files_ -= it->open_files;
  by_path_.erase(it->path);
  entries_.erase(it);
}

// Removes entries in the order of a queue. One that was used since its last turn gets another turn.
void file_cache::make_room() {
  while (size_bytes_ > limit_bytes_ || open_files_ > base::limits::cached_open_files) {
    auto const first = entries_.begin();
    if (std::exchange(first->asked_for, false)) {
      entries_.splice(entries_.end(), entries_, first);
    } else {
      erase(first);
    }
  }
}

}  // namespace gatehouse::files
