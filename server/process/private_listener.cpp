#include "gatehouse/process/private_listener.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::process {
namespace {

// Removes what stands there when it goes.
class made_path {
 public:
  explicit made_path(std::string path) : path_(std::move(path)) {}
  made_path(made_path const&) = delete;
  made_path& operator=(made_path const&) = delete;
  ~made_path() { ::remove(path_.c_str()); }
  std::string const& text() const { return path_; }

 private:
  std::string path_;
};

sockaddr_un address_of(std::string const& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  std::copy_n(path.c_str(), std::min(path.size(), sizeof out.sun_path - 1), out.sun_path);
  return out;
}

sockaddr const* generic(sockaddr_un const& address) {
  return reinterpret_cast<sockaddr const*>(&address);
}

bool has_event(int fd, short event) {
  pollfd one{fd, event, 0};
  return ::poll(&one, 1, 0) > 0 && (one.revents & event) != 0;
}

}  // namespace

// The directory is open to its owner alone (mkdtemp), so nobody connects before it is gone. Its
// name may be too long for an address; that of its descriptor is not.
base::result<private_listener> private_listener::make() {
  char const* const configured = std::getenv("TMPDIR");
  std::string name = configured != nullptr && *configured != '\0' ? configured : "/tmp";
  name += "/gatehouse-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return base::last_error();
  made_path const directory(name);
  base::unique_fd const opened(::open(name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return base::last_error();

  private_listener out;
  out.socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!out.socket_) return base::last_error();
  auto const at = address_of("/proc/self/fd/" + std::to_string(opened.get()) + "/socket");
  if (::bind(out.socket_.get(), generic(at), sizeof at) != 0) return base::last_error();
  made_path const file(name + "/socket");
  out.file_.reset(::open(file.text().c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!out.file_ || ::chmod(file.text().c_str(), S_IRUSR | S_IWUSR) != 0 ||
      ::listen(out.socket_.get(), base::limits::kept_backlog) != 0)
    return base::last_error();
  out.address_ = address_of("/proc/self/fd/" + std::to_string(out.file_.get()));
  return out;
}

base::result<base::unique_fd> private_listener::connect() const {
  base::unique_fd out(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out || ::connect(out.get(), generic(address_), sizeof address_) != 0)
    return base::last_error();
  return out;
}

bool private_listener::has_waiting() const {
  return has_event(socket_.get(), POLLIN);
}

// After the shutdown nobody can connect, and what waits can still be accepted. The file stays open,
// because its number, which the address has, could be that of another socket by the time somebody
// connects.
private_listener::left_over private_listener::close() {
  left_over out;
  if (!socket_) return out;
  ::shutdown(socket_.get(), SHUT_RD);
  ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
  while (true) {
    base::unique_fd one(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!one && errno == EINTR) continue;
    if (!one) break;
    out.any_open = out.any_open || !has_event(one.get(), POLLRDHUP);
    out.connections.push_back(std::move(one));
  }
  socket_.reset();
  return out;
}

}  // namespace gatehouse::process
