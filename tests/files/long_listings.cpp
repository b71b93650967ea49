#include "gatehouse/files/long_listings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <vector>

#include "../temporary_directory.hpp"
#include "gatehouse/base/clock.hpp"

using namespace gatehouse;
using namespace gatehouse::files;
using namespace std::chrono_literals;
using gatehouse::tests::temporary_directory;

namespace {

constexpr int count = 300;

struct fixture {
  explicit fixture(std::size_t limit_bytes = base::limits::listings_bytes)
      : root(filled(dir)), listings(root, limit_bytes) {}

  static document_root::settings filled(temporary_directory const& dir) {
    for (int i = 0; i < count; ++i) {
      dir.file("www/many/" + std::to_string(i), "");
      dir.file("www/more/" + std::to_string(i), "");
    }
    return {.directory = dir / "www"};
  }

  open_file open(std::string_view path) const {
    auto opened = root.open(path);
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }

  // As many requests at the same time, and what each is answered.
  std::vector<long_listings::outcome> ask(std::string const& path, sorting order = {},
                                          std::size_t requests = 1) {
    std::vector<long_listings::outcome> out;
    boost::asio::io_context loop{1};
    for (std::size_t i = 0; i < requests; ++i) {
      boost::asio::co_spawn(loop, listings.make(path, order, open(path)),
                            [&](std::exception_ptr const& failure, long_listings::outcome got) {
                              if (failure) std::rethrow_exception(failure);
                              out.push_back(std::move(got));
                            });
    }
    loop.run();
    return out;
  }

  std::shared_ptr<listing const> known(std::string const& path, sorting order = {},
                                       std::chrono::seconds later = 0s) {
    return listings.find(path, order, open(path).status, base::coarse_now() + later);
  }

  temporary_directory dir;
  document_root root;
  long_listings listings;
};

}  // namespace

TEST_CASE("a long listing is whole, in its order, and kept for a moment") {
  fixture f;
  CHECK(f.known("/many/") == nullptr);
  auto const got = f.ask("/many/", {sort_key::name, true});
  REQUIRE(got.size() == 1);
  REQUIRE(got[0].has_value());
  auto const& list = **got[0];
  REQUIRE(list.entries.size() == count);
  CHECK(list.entries.front().name == std::to_string(count - 1));
  CHECK(list.entries.back().name == "0");
  CHECK(f.known("/many/", {sort_key::name, true}) == *got[0]);
  CHECK(f.known("/many/", {sort_key::name, false}) == nullptr);
  CHECK(f.known("/more/", {sort_key::name, true}) == nullptr);
  CHECK(f.known("/many/", {sort_key::name, true}, 3s) == nullptr);
}

TEST_CASE("a kept listing goes with the first name that comes or goes") {
  fixture f;
  auto const before = f.ask("/many/")[0];
  REQUIRE(before.has_value());
  f.dir.file("www/many/new", "");
  CHECK(f.known("/many/") == nullptr);
  CHECK((*f.ask("/many/")[0])->entries.size() == count + 1);
  CHECK((*before)->entries.size() == count);
}

TEST_CASE("those who ask for the same listing at the same time share it") {
  fixture f;
  auto const got = f.ask("/many/", {}, 20);
  REQUIRE(got.size() == 20);
  for (auto const& one : got) {
    REQUIRE(one.has_value());
    CHECK(*one == *got[0]);
  }
}

TEST_CASE("no more than a number of requests wait for listings") {
  fixture f;
  auto const got = f.ask("/many/", {}, base::limits::waiting_for_listings + 10);
  auto const refused = std::count_if(got.begin(), got.end(), [](auto const& one) {
    return one.has_error() && one.error().reason == "listings-busy";
  });
  CHECK(got.size() == base::limits::waiting_for_listings + 10);
  CHECK(refused == 10);
  CHECK(f.ask("/more/")[0].has_value());
}

TEST_CASE("listings that are still being sent have a limit, and one that is only kept makes room") {
  // There is room for one of the two.
  fixture f(count * (sizeof(listing_entry) + 32) * 3 / 2);
  {
    auto const first = f.ask("/many/")[0];
    REQUIRE(first.has_value());
    auto const second = f.ask("/more/")[0];
    REQUIRE(second.has_error());
    CHECK(second.error().status == 503);
    CHECK(second.error().reason == "listings-unread");
  }
  CHECK(f.ask("/more/")[0].has_value());
  CHECK(f.ask("/many/")[0].has_value());
}

TEST_CASE("a listing that alone is over the limit is refused as such") {
  fixture f(1000);
  auto const got = f.ask("/many/")[0];
  REQUIRE(got.has_error());
  CHECK(got.error().status == 500);
  CHECK(got.error().reason == "listing-too-long");
}

TEST_CASE("who does not wait any longer is forgotten") {
  fixture f;
  {
    boost::asio::io_context loop{1};
    boost::asio::co_spawn(loop, f.listings.make("/many/", {}, f.open("/many/")),
                          [](std::exception_ptr const&, long_listings::outcome const&) {});
    loop.poll();  // it waits, and goes with the loop
  }
  CHECK(f.ask("/more/")[0].has_value());
}
