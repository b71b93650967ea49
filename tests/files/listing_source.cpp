#include "gatehouse/files/listing_source.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

using namespace gatehouse;
using namespace gatehouse::files;

namespace {

// All that the source gives, in steps of at most so many bytes.
std::string read_all(http::body_source& source, std::size_t step) {
  std::string all;
  boost::asio::io_context loop{1};
  auto const read = [&]() -> base::task<void> {
    std::string buffer(step, '\0');
    while (true) {
      auto const got = co_await source.read_some(boost::asio::buffer(buffer));
      REQUIRE(got.has_value());
      if (*got == 0) co_return;
      all.append(buffer, 0, *got);
    }
  };
  boost::asio::co_spawn(loop, read(), [](std::exception_ptr const& failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
  return all;
}

}  // namespace

TEST_CASE("a listing is read in steps of any size") {
  auto const list = std::make_shared<listing>();
  for (int i = 0; i < 200; ++i) list->entries.push_back({std::to_string(i), false, 1, {}});
  for (bool const as_json : {false, true}) {
    listing_view const view{.url_path = "/a/", .as_json = as_json};
    auto const whole = whole_text(*list, view);
    for (std::size_t const step : {std::size_t{1}, std::size_t{1000}, std::size_t{1'000'000}}) {
      CAPTURE(step);
      listing_source source(list, view);
      CHECK((read_all(source, step) == whole));
    }
  }
}
