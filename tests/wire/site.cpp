#include "site.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace fs = std::filesystem;

namespace wire {

site::site() {
  std::string name = (fs::canonical(fs::temp_directory_path()) / "gatehouse-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  base_ = name;
  fs::create_directories(cgi_bin());
}

site::~site() {
  std::error_code ignored;
  fs::remove_all(base_, ignored);
}

fs::path site::write(fs::path const& name, std::string_view bytes, mode_t mode) const {
  fs::path const file = root() / name;
  fs::create_directories(file.parent_path());
  {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
  }
  ::chmod(file.c_str(), mode);
  return file;
}

fs::path site::script(fs::path const& name, std::string_view text) const {
  return write("cgi-bin" / name, text, 0755);
}

fs::path site::printing(fs::path const& name, std::string_view bytes) const {
  auto const output = write(base_ / "output" / name, bytes);
  return script(name, "#!/bin/sh\nexec cat '" + output.string() + "'\n");
}

fs::path site::play(fs::path const& name, std::string_view part) const {
  auto const self = fs::read_symlink("/proc/self/exe").string();
  return script(name, "#!" + self + " --play=" + std::string(part) + "\n");
}

// Not with a stream: one for /proc/PID/stat throws when the process ends before it is read.
std::string contents(fs::path const& file) {
  std::string out;
  int const fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  char buffer[65536];
  for (auto n = ::read(fd, buffer, sizeof buffer); n > 0; n = ::read(fd, buffer, sizeof buffer)) {
    out.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return out;
}

}  // namespace wire
