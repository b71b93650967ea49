#include "gatehouse/trace/printer.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "../quiet_context.hpp"
#include "gatehouse/base/unique_fd.hpp"

using namespace gatehouse;

namespace {

std::string all_of(int fd) {
  std::string out;
  std::array<char, 4096> buffer{};
  for (auto n = ::read(fd, buffer.data(), buffer.size()); n > 0;
       n = ::read(fd, buffer.data(), buffer.size())) {
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

}  // namespace

TEST_CASE("exchanges of several threads have their numbers, and their steps do not mix") {
  constexpr int threads = 4, exchanges = 20;
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  base::unique_fd const out(ends[0]);
  base::unique_fd in(ends[1]);
  trace::printer printer(in.get(), false, "");
  std::string const long_head(9000, 'x');
  std::string printed;
  std::thread reader([&] { printed = all_of(out.get()); });
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      boost::asio::io_context loop{1};
      tests::quiet_context context{loop.get_executor()};
      http::http_error const error{.status = 400, .reason = "r"};
      for (int k = 0; k < exchanges; ++k) {
        auto const sink = printer.begin(context, std::nullopt);
        sink->record(trace::request_head{long_head});
        sink->record(trace::failed{error});
      }
    });
  }
  for (auto& one : all) one.join();
  in.reset();
  reader.join();
  CHECK(std::count(printed.begin(), printed.end(), '\n') == 3 * threads * exchanges);
  for (int n = 1; n <= threads * exchanges; ++n) {
    CAPTURE(n);
    auto const at = printed.find("#" + std::to_string(n) + " ");
    REQUIRE(at != std::string::npos);
    auto const second = printed.find('\n', at) + 1;
    CHECK(printed.substr(second, 5).starts_with("#" + std::to_string(n) + " "));
    CHECK(printed.substr(printed.find('\n', second) - 9000, 9000) == long_head);
  }
}

TEST_CASE("paths that are hidden are not printed, and have no number") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  base::unique_fd const out(ends[0]);
  base::unique_fd in(ends[1]);
  trace::printer printer(in.get(), false, "/-");
  boost::asio::io_context loop{1};
  tests::quiet_context context{loop.get_executor()};
  for (std::string const path : {"/-/page", "/-other"}) {
    auto const sink = printer.begin(context, std::nullopt);
    auto const head = "GET " + path;
    sink->record(trace::request_head{head});
    http::request request;
    request.target.path = path;
    sink->record(trace::request_parsed{request});
    sink->record(trace::ended{context.record});
  }
  in.reset();
  auto const printed = all_of(out.get());
  CHECK(printed.find("/-/page") == std::string::npos);
  CHECK(printed.find("GET /-other") != std::string::npos);
  CHECK(printed.starts_with("#1 "));
  CHECK(printed.find("#2") == std::string::npos);
}
