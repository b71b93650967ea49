#include "gatehouse/commands/examples.hpp"

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::commands;
namespace fs = std::filesystem;

namespace {

std::string contents(fs::path const& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The examples as they are installed: nobody can write them.
void write_examples(tests::temporary_directory const& place, std::string const& below) {
  place.write(below + "www/tour/index.html", "the tour", 0444);
  place.write(below + "cgi-bin/env.sh", "#!/bin/sh\n", 0555);
}

std::string error_of(std::variant<copy_outcome, config::usage_error> const& done) {
  auto const* const wrong = std::get_if<config::usage_error>(&done);
  return wrong != nullptr ? wrong->line : "no error";
}

}  // namespace

TEST_CASE("the examples are found beside an installed program and where it was built") {
  tests::temporary_directory const place;
  CHECK_FALSE(find_examples(place.path() / "bin/gatehouse").has_value());
  write_examples(place, "share/gatehouse/");
  CHECK(find_examples(place.path() / "bin/gatehouse") == place.path() / "share/gatehouse");
  tests::temporary_directory const checkout;
  write_examples(checkout, "");
  auto const built = find_examples(checkout.path() / "build/release/gatehouse");
  REQUIRE(built.has_value());
  CHECK(fs::equivalent(*built, checkout.path()));
}

TEST_CASE("a copy has every file, can be written by its owner, and its programs can be run") {
  tests::temporary_directory const place;
  write_examples(place, "examples/");
  auto const copy = place.path() / "copy";
  auto const done = copy_examples(place.path() / "examples", copy);
  CHECK(error_of(done) == "no error");
  CHECK(std::get<copy_outcome>(done) == copy_outcome::made);
  CHECK(contents(copy / "www/tour/index.html") == "the tour");
  CHECK(fs::status(copy / "www/tour/index.html").permissions() == fs::perms(0644));
  CHECK(fs::status(copy / "cgi-bin/env.sh").permissions() == fs::perms(0755));
  CHECK(std::distance(fs::directory_iterator(place.path()), {}) == 2);
}

TEST_CASE("a copy that is there is used as it is, and nothing else is touched") {
  tests::temporary_directory const place;
  write_examples(place, "examples/");
  auto const examples = place.path() / "examples";
  place.write("mine/www/tour/index.html", "changed");
  place.write("mine/cgi-bin/a", "x");
  auto const again = copy_examples(examples, place.path() / "mine");
  REQUIRE(std::holds_alternative<copy_outcome>(again));
  CHECK(std::get<copy_outcome>(again) == copy_outcome::was_there);
  CHECK(contents(place.path() / "mine/www/tour/index.html") == "changed");

  place.write("other/thesis.txt", "precious");
  place.write("file", "precious");
  for (auto const* const name : {"other", "file"}) {
    CAPTURE(name);
    auto const line = error_of(copy_examples(examples, place.path() / name));
    CHECK(line.find("is no copy of the examples, and is left as it is") != std::string::npos);
    CHECK(line.find("`gatehouse tour " + std::string(name) + "-2`") != std::string::npos);
  }
  CHECK(contents(place.path() / "other/thesis.txt") == "precious");
  fs::create_directory(place.path() / "empty");
  CHECK(error_of(copy_examples(examples, place.path() / "empty")) == "no error");
  CHECK(holds_examples(place.path() / "empty"));
}

TEST_CASE("of several who make the same copy at once, one does and the others use it") {
  tests::temporary_directory const place;
  write_examples(place, "examples/");
  std::array<std::variant<copy_outcome, config::usage_error>, 4> done;
  std::vector<std::thread> threads;
  for (auto& one : done) {
    threads.emplace_back(
        [&] { one = copy_examples(place.path() / "examples", place.path() / "copy"); });
  }
  for (auto& t : threads) t.join();
  std::size_t made = 0;
  for (auto const& one : done) {
    CHECK(error_of(one) == "no error");
    auto const* const how = std::get_if<copy_outcome>(&one);
    made += how != nullptr && *how == copy_outcome::made ? 1U : 0U;
  }
  CHECK(made == 1);
  CHECK(std::distance(fs::directory_iterator(place.path()), {}) == 2);
}

TEST_CASE("a copy that cannot be made leaves nothing behind") {
  tests::temporary_directory const place;
  place.write("examples/www/tour/index.html", "x");
  CHECK(error_of(copy_examples(place.path() / "examples", place.path() / "copy"))
            .starts_with("gatehouse: cannot copy the examples to "));
  CHECK(error_of(copy_examples(place.path() / "examples", place.path() / "none/copy"))
            .ends_with("No such file or directory"));
  CHECK(std::distance(fs::directory_iterator(place.path()), {}) == 1);
}
