#include "gatehouse/wsgi/socket_pair.hpp"

#include <sys/socket.h>

#include <cstring>
#include <vector>

namespace gatehouse::wsgi {

std::optional<socket_pair> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return std::nullopt;
  return socket_pair{base::unique_fd(ends[0]), base::unique_fd(ends[1])};
}

bool send_descriptors(int socket, char word, std::span<int const> fds) {
  std::vector<char> control(CMSG_SPACE(fds.size_bytes()));
  iovec content{&word, 1};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

}  // namespace gatehouse::wsgi
