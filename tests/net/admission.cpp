#include "gatehouse/net/admission.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <thread>
#include <vector>

using namespace gatehouse::net;

namespace {

admission::source from(char const* address) {
  return admission::source_of(boost::asio::ip::make_address(address));
}

}  // namespace

TEST_CASE("one client is an IPv4 address or a network of 64 bits") {
  struct row {
    std::string_view label;
    char const* one;
    char const* other;
    bool same;
  };
  row const rows[] = {
      {"the same address", "192.0.2.1", "192.0.2.1", true},
      {"neighbours", "192.0.2.1", "192.0.2.2", false},
      {"an address in the form of IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
      {"hosts of one network", "2001:db8::1", "2001:db8::2:1", true},
      {"hosts of two networks", "2001:db8::1", "2001:db8:0:1::1", false},
      {"the loopback addresses", "127.0.0.1", "::1", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK((from(r.one) == from(r.other)) == r.same);
  }
}

TEST_CASE("there is a place until a limit is reached, and again when one was given back") {
  using answer = admission::answer;
  admission a({.connections = 3, .per_address = 2});
  auto const one = from("192.0.2.1");
  auto const other = from("192.0.2.2");
  std::vector<admission::place> places;
  CHECK(a.ask(one) == answer::free);
  places.push_back(a.take(one));
  CHECK(a.ask(one) == answer::free);
  places.push_back(a.take(one));
  CHECK(a.ask(one) == answer::address_full);
  CHECK(a.ask(other) == answer::free);
  places.push_back(a.take(other));
  CHECK(a.ask(other) == answer::full);
  CHECK(a.ask(one) == answer::address_full);
  places.push_back(a.take(other));  // whoever takes it nevertheless is counted
  CHECK(a.size() == 4);
  places.pop_back();
  places.erase(places.begin());
  CHECK(a.size() == 2);
  CHECK(a.ask(one) == answer::free);
  places.clear();
  CHECK(a.size() == 0);
}

TEST_CASE("a place is given back once, whoever has it") {
  admission a({.connections = 1});
  {
    auto first = a.take(from("192.0.2.1"));
    auto moved = std::move(first);
    CHECK(a.size() == 1);
    admission::place none;
    none = std::move(moved);
    CHECK(a.size() == 1);
  }
  CHECK(a.size() == 0);
}

TEST_CASE("without limits there is always a place") {
  admission a({});
  std::vector<admission::place> places;
  for (int i = 0; i < 100; ++i) {
    CHECK(a.ask(from("192.0.2.1")) == admission::answer::free);
    places.push_back(a.take(from("192.0.2.1")));
  }
  CHECK(a.size() == 100);
}

TEST_CASE("places are given back on other threads") {
  admission a({.connections = 1000, .per_address = 1000});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&a] {
      for (int i = 0; i < 200; ++i) auto const place = a.take(from("192.0.2.1"));
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(a.size() == 0);
  CHECK(a.ask(from("192.0.2.1")) == admission::answer::free);
}
