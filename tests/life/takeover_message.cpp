#include "gatehouse/life/takeover_message.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "../open_descriptors.hpp"
#include "send_many.hpp"

using namespace gatehouse;
using namespace gatehouse::life;
using namespace gatehouse::tests;

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
  for (std::size_t count = 1; count <= most_descriptors_sent; ++count) {
    CAPTURE(count);
    REQUIRE(send_many(c.one.get(), "many", count));
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
