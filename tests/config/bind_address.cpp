#include "gatehouse/config/bind_address.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace gatehouse::config;

TEST_CASE("an address is itself, and a name has every address of its own, each once") {
  server_options o;
  o.bind = "::1";
  auto const itself = bind_addresses(o);
  auto const* const one = std::get_if<std::vector<boost::asio::ip::address>>(&itself);
  REQUIRE(one != nullptr);
  REQUIRE(one->size() == 1);
  CHECK(one->front().to_string() == "::1");

  o.bind = "localhost";
  auto const found = bind_addresses(o);
  auto const* const all = std::get_if<std::vector<boost::asio::ip::address>>(&found);
  REQUIRE(all != nullptr);
  CHECK_FALSE(all->empty());
  for (auto const& address : *all) {
    CHECK(address.is_loopback());
    CHECK(std::count(all->begin(), all->end(), address) == 1);
  }

  o.bind = "no-such-host.invalid";
  auto const none = bind_addresses(o);
  auto const* const wrong = std::get_if<usage_error>(&none);
  REQUIRE(wrong != nullptr);
  CHECK(wrong->line.starts_with("gatehouse: --bind: \"no-such-host.invalid\""));
}
