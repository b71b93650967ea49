#include "gatehouse/app/listening.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/net/listening_socket.hpp"

using namespace gatehouse;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

TEST_CASE("why nobody can listen at an address is said with what helps") {
  using boost::system::errc::errc_t;
  struct row {
    std::string_view label;
    char const* address;
    std::uint16_t port;
    errc_t why;
    std::optional<std::uint16_t> free_port;
    std::vector<std::string> says;
  };
  row const rows[] = {
      {"in use",
       "127.0.0.1",
       8000,
       errc_t::address_in_use,
       {},
       {"cannot listen on 127.0.0.1:8000: another program", "another port with -p PORT", "-p 0"}},
      {"in use, and another is free",
       "127.0.0.1",
       8000,
       errc_t::address_in_use,
       8002,
       {"another port, such as -p 8002, or -p 0"}},
      {"below 1024",
       "::",
       80,
       errc_t::permission_denied,
       {},
       {"cannot listen on [::]:80: ", "-p 8080", "gatehouse.socket",
        "sudo setcap cap_net_bind_service=+ep /opt/gatehouse"}},
      {"forbidden all the same", "::", 8080, errc_t::permission_denied, {}, {"Permission denied"}},
      {"an address of another machine",
       "192.0.2.1",
       80,
       errc_t::address_not_available,
       {},
       {"192.0.2.1:80", "ip address"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const text = app::listen_failure({make_address(r.address), r.port}, make_error_code(r.why),
                                          {"/opt/gatehouse", r.free_port});
    CHECK(text.find('\n') == std::string::npos);
    for (auto const& part : r.says) CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  }
}

TEST_CASE("all addresses are listened on, on one port") {
  auto const made = app::open_sockets({make_address("127.0.0.1"), make_address("127.0.0.2")}, 0);
  auto const* const opened = std::get_if<app::sockets>(&made);
  REQUIRE(opened != nullptr);
  auto const where = app::endpoints_of(*opened);
  REQUIRE(where.size() == 2);
  auto const port = std::to_string(where[0].port());
  CHECK(where[0].port() == where[1].port());
  CHECK(app::endpoints_text(where) == "127.0.0.1:" + port + " 127.0.0.2:" + port);
  CHECK(app::urls_text(where) == "http://127.0.0.1:" + port + "/ http://127.0.0.2:" + port + "/");
}

TEST_CASE(
    "a port that is in use at one of the addresses is an error, which names one that is free") {
  auto const taken = net::listen_at({make_address("127.0.0.2"), 0});
  REQUIRE(taken.has_value());
  auto const port = net::endpoint_of(taken->get()).port();
  auto const made = app::open_sockets({make_address("127.0.0.1"), make_address("127.0.0.2")}, port);
  auto const* const wrong = std::get_if<config::usage_error>(&made);
  REQUIRE(wrong != nullptr);
  CHECK(wrong->line.starts_with("gatehouse: cannot listen on 127.0.0.2:" + std::to_string(port)));
  CHECK_MESSAGE(wrong->line.find("another port, such as -p ") != std::string::npos, wrong->line);
}

TEST_CASE("an address that this machine does not have is left out as long as another is left") {
  auto const made = app::open_sockets({make_address("192.0.2.1"), make_address("127.0.0.1")}, 0);
  auto const* const opened = std::get_if<app::sockets>(&made);
  REQUIRE(opened != nullptr);
  CHECK(opened->size() == 1);
  auto const none = app::open_sockets({make_address("192.0.2.1")}, 0);
  CHECK(std::holds_alternative<config::usage_error>(none));
}

TEST_CASE("more addresses than a server listens on are an error") {
  std::vector<boost::asio::ip::address> many;
  for (unsigned i = 1; i <= base::limits::listening_sockets + 1; ++i)
    many.push_back(make_address("127.0.0." + std::to_string(i)));
  auto const made = app::open_sockets(many, 0);
  auto const* const wrong = std::get_if<config::usage_error>(&made);
  REQUIRE(wrong != nullptr);
  CHECK(wrong->line == "gatehouse: --bind: the name has 17 addresses, and 16 can be listened on");
  many.pop_back();
  CHECK(std::holds_alternative<app::sockets>(app::open_sockets(many, 0)));
}

TEST_CASE("the port of the options is used where it is free, and else one soon after it") {
  auto const here = boost::asio::ip::address_v4::loopback();
  auto const opened = app::open_sockets({here}, 0);
  REQUIRE(std::holds_alternative<app::sockets>(opened));
  auto const taken = app::endpoints_of(std::get<app::sockets>(opened)).front().port();
  config::server_options chosen;
  chosen.port = taken;
  CHECK(app::free_port(chosen) != taken);
  chosen.port = 0;
  CHECK(app::free_port(chosen) == 0);
}
