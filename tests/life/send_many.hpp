#pragma once
// A take-over message as no server of ours sends it.

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace gatehouse::tests {

inline constexpr std::size_t most_descriptors_sent = 8;

// Sends one message with so many descriptors, each of standard error. Gives whether it was sent.
inline bool send_many(int to, std::string_view text, std::size_t count) {
  std::array<int, most_descriptors_sent> descriptors{};
  descriptors.fill(STDERR_FILENO);
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(part), descriptors.data(), sizeof(int) * count);
  }
  return ::sendmsg(to, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

}  // namespace gatehouse::tests
