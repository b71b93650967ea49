#include "gatehouse/life/service_manager.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/net/listening_socket.hpp"

namespace gatehouse::life {
namespace {

constexpr int first_given = 3;  // SD_LISTEN_FDS_START
constexpr std::uint64_t most_given = 1024;

std::string variable(char const* name) {
  char const* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Microseconds of the clock that systemd compares with its own.
std::string monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
                        static_cast<std::uint64_t>(now.tv_nsec) / 1000);
}

}  // namespace

std::variant<std::vector<base::unique_fd>, config::usage_error> given_sockets() {
  auto const whose = http::parse_decimal(variable("LISTEN_PID"));
  auto const count = http::parse_decimal(variable("LISTEN_FDS"));
  for (char const* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  std::vector<base::unique_fd> out;
  if (!whose || *whose != static_cast<std::uint64_t>(::getpid())) return out;
  if (!count || *count == 0 || *count > most_given) return out;
  if (*count > base::limits::listening_sockets) {
    return config::usage_error{"gatehouse: LISTEN_FDS: " + std::to_string(*count) +
                               " sockets are given, and " +
                               std::to_string(base::limits::listening_sockets) + " can be served"};
  }
  for (int fd = first_given; fd < first_given + static_cast<int>(*count); ++fd) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return config::usage_error{"gatehouse: LISTEN_FDS: there is no descriptor " +
                                 std::to_string(fd)};
    }
    out.emplace_back(fd);
  }
  return out;
}

service_manager::service_manager() : address_(variable("NOTIFY_SOCKET")) {
  bool const known = address_.starts_with('/') || address_.starts_with('@');
  if (!known || address_.size() >= sizeof sockaddr_un{}.sun_path) address_.clear();
  if (address_.starts_with('@')) address_.front() = '\0';
}

void service_manager::ready(std::string const& status) const {
  tell("READY=1\nSTATUS=" + status + "\nMAINPID=" + std::to_string(::getpid()));
}

void service_manager::reloading() const {
  tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic_now());
}

void service_manager::stopping() const {
  tell("STOPPING=1");
}

void service_manager::tell(std::string const& state) const {
  if (address_.empty()) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  // A path ends with its NUL, an abstract name with the address.
  auto const size =
      offsetof(sockaddr_un, sun_path) + address_.size() + (address_.front() == '\0' ? 0U : 1U);
  base::unique_fd const from(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::sendto(from.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<sockaddr const*>(&to), static_cast<socklen_t>(size));
}

}  // namespace gatehouse::life
