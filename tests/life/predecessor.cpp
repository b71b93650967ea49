#include "gatehouse/life/predecessor.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "../open_descriptors.hpp"
#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/life/takeover_message.hpp"
#include "gatehouse/net/listening_socket.hpp"
#include "send_many.hpp"

using namespace gatehouse;
using namespace gatehouse::life;
using base::limits::listening_sockets;

namespace {

// Some messages of the same words, with so many descriptors each.
struct said {
  std::string_view words;
  std::size_t descriptors;
  std::size_t times = 1;
};

// Answers the first who greets with these messages, and closes the connection.
class talker {
 public:
  talker(std::filesystem::path const& path, std::vector<said> messages)
      : messages_(std::move(messages)), socket_(takeover_socket()) {
    auto const address = takeover_address(path.string());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) ==
            0);
    REQUIRE(::listen(socket_.get(), 1) == 0);
    thread_ = std::thread([this] { talk(); });
  }
  talker(talker const&) = delete;
  talker& operator=(talker const&) = delete;
  ~talker() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

 private:
  void talk() {
    base::unique_fd const peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) return;
    receive_takeover_message(peer.get());
    for (auto const& each : messages_) {
      for (std::size_t i = 0; i < each.times; ++i)
        tests::send_many(peer.get(), each.words, each.descriptors);
    }
  }

  std::vector<said> messages_;
  base::unique_fd socket_;
  std::thread thread_;
};

}  // namespace

TEST_CASE(
    "a predecessor that hands over other than it should is refused and costs no descriptors") {
  constexpr auto last = takeover_words::socket;
  constexpr auto more = takeover_words::more;
  struct row {
    std::string_view label;
    std::vector<said> messages;
    std::string_view says;
  };
  row const rows[] = {
      {"no socket", {{last, 0}}, "does not hand over its sockets"},
      {"two in one message", {{last, 2}}, "does not hand over its sockets"},
      {"many in one message", {{last, tests::most_descriptors_sent}}, "does not hand over its"},
      {"two in one message that more follow", {{more, 1}, {more, 2}, {last, 1}}, "does not hand"},
      {"other words", {{more, 1}, {"sockets", 1}}, "does not hand over its sockets"},
      {"an end before the last", {{more, 1, 3}}, "does not hand over its sockets"},
      {"too many messages", {{more, 1, listening_sockets}, {last, 1}}, "more than 16 sockets"},
      {"messages without end", {{more, 1, 200}}, "more than 16 sockets"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    tests::temporary_directory const directory;
    auto const path = directory / "takeover";
    auto const before = tests::open_descriptors();
    {
      talker const other(path, r.messages);
      auto const found = predecessor::ask(path, {::geteuid()});
      auto const* const wrong = std::get_if<config::usage_error>(&found);
      REQUIRE(wrong != nullptr);
      CHECK_MESSAGE(wrong->line.find(r.says) != std::string::npos, wrong->line);
    }
    CHECK(tests::open_descriptors() == before);
  }
}

TEST_CASE("a predecessor hands over as many sockets as a server listens on") {
  for (std::size_t const count : {std::size_t{1}, std::size_t{2}, listening_sockets}) {
    CAPTURE(count);
    tests::temporary_directory const directory;
    auto const path = directory / "takeover";
    talker const other(path, {{takeover_words::more, 1, count - 1}, {takeover_words::socket, 1}});
    auto found = predecessor::ask(path, {::geteuid()});
    auto* const before = std::get_if<std::optional<predecessor>>(&found);
    REQUIRE(before != nullptr);
    REQUIRE(before->has_value());
    CHECK((*before)->take_sockets().size() == count);
  }
}
