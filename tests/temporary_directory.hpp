#pragma once
// A directory of its own for a test case, removed with everything in it at the end.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gatehouse::tests {

class temporary_directory {
 public:
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "gatehouse-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = std::filesystem::canonical(name);
  }
  temporary_directory(temporary_directory const&) = delete;
  temporary_directory& operator=(temporary_directory const&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path const& path() const { return path_; }

  // Makes a file, and the directories that lead to it.
  std::filesystem::path write(std::filesystem::path const& name, std::string_view content,
                              unsigned mode = 0644) const {
    auto const file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    std::filesystem::permissions(file, static_cast<std::filesystem::perms>(mode));
    return file;
  }

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  // Directories on the way are made.
  void file(std::string_view name, std::string_view content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  void directory(std::string_view name) const { std::filesystem::create_directories(path_ / name); }
  // target as it stands in the link.
  void link(std::string_view name, std::filesystem::path const& target) const {
    std::filesystem::create_symlink(target, path_ / name);
  }
  void fifo(std::string_view name) const {
    if (::mkfifo((path_ / name).c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
  }
  // The time of the last change, in seconds of the Unix clock.
  void touch(std::string_view name, std::time_t when) const {
    timespec const times[2] = {{.tv_sec = when, .tv_nsec = 0}, {.tv_sec = when, .tv_nsec = 0}};
    if (::utimensat(AT_FDCWD, (path_ / name).c_str(), times, 0) != 0) {
      throw std::runtime_error("utimensat");
    }
  }

 private:
  std::filesystem::path path_;
};

}  // namespace gatehouse::tests
