#include "gatehouse/process/standard_streams.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <string>

#include "gatehouse/process/pipe.hpp"

using namespace gatehouse;

namespace {

// Whether what goes in at one end comes out at the other.
bool joined(base::unique_fd const& into, base::unique_fd const& from) {
  char byte = '-';
  return !process::write_whole(into.get(), "x") && ::read(from.get(), &byte, 1) == 1 && byte == 'x';
}

}  // namespace

TEST_CASE("a program that is fed has a pipe for each of its streams") {
  process::program what;
  auto const ours = process::connect(what, process::is_fed{true});
  REQUIRE(ours.has_value());
  CHECK(joined(ours->input, what.standard_input));
  CHECK(joined(what.standard_output, ours->output));
  CHECK(joined(what.standard_error, ours->error));
}

TEST_CASE("a program that is not fed keeps the input that it has") {
  process::program what;
  what.standard_input.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int const before = what.standard_input.get();
  auto const ours = process::connect(what, process::is_fed{false});
  REQUIRE(ours.has_value());
  CHECK_FALSE(ours->input);
  CHECK(what.standard_input.get() == before);
  CHECK(joined(what.standard_output, ours->output));
}
