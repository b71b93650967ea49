#include "gatehouse/process/pipe_holders.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

#include "gatehouse/base/directory_stream.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {
namespace {

std::optional<pid_t> pid_of(std::string_view name) {
  pid_t pid = 0;
  auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

// Whether one of the process's descriptors is the pipe, open for writing: the permissions of the
// link say how it is open (proc(5)). A program that is being started shares the server's
// descriptors, and so has the end for reading, which does not count.
bool can_write(std::string const& process, std::string_view pipe) {
  base::directory_stream const descriptors(::opendir((process + "/fd").c_str()));
  if (!descriptors) return false;
  int const at = ::dirfd(descriptors.get());
  while (auto const* const entry = ::readdir(descriptors.get())) {
    std::array<char, 64> target{};
    auto const length = ::readlinkat(at, entry->d_name, target.data(), target.size());
    if (length <= 0 || std::string_view(target.data(), static_cast<std::size_t>(length)) != pipe)
      continue;
    struct stat link {};
    if (::fstatat(at, entry->d_name, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
        (link.st_mode & S_IWUSR) != 0)
      return true;
  }
  return false;
}

std::string name_of(std::string const& process) {
  base::unique_fd const file(::open((process + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  auto const length = file ? ::read(file.get(), text.data(), text.size()) : 0;
  std::string name(text.data(), static_cast<std::size_t>(length > 0 ? length : 0));
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

}  // namespace

base::task<std::vector<pipe_holder>> holders_of(base::executor ex, int end) {
  std::vector<pipe_holder> out;
  struct stat pipe {};
  base::directory_stream const processes(::opendir("/proc"));
  if (!processes || ::fstat(end, &pipe) != 0) co_return out;
  std::string const wanted = "pipe:[" + std::to_string(pipe.st_ino) + "]";
  std::size_t looked_at = 0;
  while (auto const* const entry = ::readdir(processes.get())) {
    auto const pid = pid_of(entry->d_name);
    if (!pid || *pid == ::getpid()) continue;
    std::string const process = "/proc/" + std::string(entry->d_name);
    if (can_write(process, wanted)) out.push_back({*pid, name_of(process)});
    if (out.size() == base::limits::pipe_holders) break;
    if (++looked_at % base::limits::processes_a_turn == 0)
      co_await boost::asio::post(ex, boost::asio::use_awaitable_t<base::executor>());
  }
  co_return out;
}

std::string holders_text(std::vector<pipe_holder> const& holders) {
  std::string out;
  for (auto const& holder : holders) {
    out.append(out.empty() ? "" : ", ").append(holder.name);
    out.append("[").append(std::to_string(holder.pid)).append("]");
  }
  return out.empty() ? "another process" : out;
}

}  // namespace gatehouse::process
