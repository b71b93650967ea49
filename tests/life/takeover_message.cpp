#include "gatehouse/life/takeover_message.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

using namespace gatehouse;
using namespace gatehouse::life;

namespace {

struct connection {
  connection() {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    one.reset(ends[0]);
    other.reset(ends[1]);
  }
  base::unique_fd one, other;
};

std::size_t open_descriptors() {
  std::filesystem::directory_iterator const all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// One message with so many descriptors, as no server of ours sends it.
void send_many(int to, std::size_t count) {
  constexpr std::size_t most = 8;
  std::array<int, most> descriptors{};
  descriptors.fill(STDERR_FILENO);
  char text[] = "many";
  iovec bytes{text, 4};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int) * count);
  std::memcpy(CMSG_DATA(part), descriptors.data(), sizeof(int) * count);
  REQUIRE(::sendmsg(to, &message, MSG_NOSIGNAL) == 4);
}

}  // namespace

TEST_CASE("a take-over message carries words, and a descriptor or none") {
  connection const c;
  CHECK(send_takeover_message(c.one.get(), "words"));
  CHECK(receive_takeover_message(c.other.get()).is("words", 0));
  CHECK(send_takeover_message(c.one.get(), "words", STDERR_FILENO));
  auto const got = receive_takeover_message(c.other.get());
  CHECK(got.is("words", 1));
  CHECK_FALSE(got.is("other words", 1));
  CHECK_FALSE(got.is("words", 0));
  CHECK((::fcntl(got.descriptors.front().get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("every descriptor of a take-over message is owned, however many there are") {
  connection const c;
  auto const before = open_descriptors();
  for (std::size_t count = 1; count <= 8; ++count) {
    CAPTURE(count);
    send_many(c.one.get(), count);
    CHECK(receive_takeover_message(c.other.get()).is("many", 1) == (count == 1));
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("there is no take-over message at the end") {
  connection c;
  c.one.reset();
  CHECK(receive_takeover_message(c.other.get()).is("", 0));
  CHECK_FALSE(send_takeover_message(c.other.get(), "words"));
}
