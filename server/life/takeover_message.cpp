#include "gatehouse/life/takeover_message.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::life {
namespace {

// The kernel passes on what fits here and drops the rest. That can be more than one, because the
// size is rounded up.
constexpr std::size_t control_bytes = CMSG_SPACE(sizeof(int));

// Takes the descriptors of one control message.
void take_descriptors(cmsghdr const& part, std::vector<base::unique_fd>& into) {
  if (part.cmsg_level != SOL_SOCKET || part.cmsg_type != SCM_RIGHTS) return;
  for (auto at = CMSG_LEN(0); at + sizeof(int) <= part.cmsg_len; at += sizeof(int)) {
    int fd = -1;
    std::memcpy(&fd, reinterpret_cast<char const*>(&part) + at, sizeof fd);
    into.emplace_back(fd);
  }
}

}  // namespace

bool send_takeover_message(int to, std::string_view text, int descriptor) {
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, control_bytes> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(to, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(text.size());
}

takeover_message receive_takeover_message(int from) {
  std::array<char, base::limits::takeover_message_bytes> text{};
  iovec bytes{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, control_bytes> control{};
  msghdr got{};
  got.msg_iov = &bytes;
  got.msg_iovlen = 1;
  got.msg_control = control.data();
  got.msg_controllen = control.size();
  takeover_message out;
  out.descriptors.reserve(control.size() /
                          sizeof(int));  // what came is owned without an allocation
  ssize_t size = -1;
  do {
    size = ::recvmsg(from, &got, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    out.is_awaited = errno == EAGAIN;
    return out;
  }
  for (cmsghdr* part = CMSG_FIRSTHDR(&got); part != nullptr; part = CMSG_NXTHDR(&got, part)) {
    take_descriptors(*part, out.descriptors);
  }
  out.text.assign(text.data(), static_cast<std::size_t>(size));
  return out;
}

base::unique_fd takeover_socket() {
  return base::unique_fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

std::optional<sockaddr_un> takeover_address(std::string const& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  if (path.size() >= sizeof out.sun_path) return std::nullopt;
  std::memcpy(out.sun_path, path.c_str(), path.size());
  return out;
}

std::string takeover_directory(std::filesystem::path const& path) {
  return path.has_parent_path() ? path.parent_path().string() : ".";
}

std::optional<ucred> takeover_peer(int connection) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return who;
}

}  // namespace gatehouse::life
