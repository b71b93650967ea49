#include "gatehouse/show/terminal.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

using namespace gatehouse::show;

TEST_CASE("colours are for terminals, unless somebody has said no") {
  int const terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  int const file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (terminal < 0) return;
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "xterm", 1);
  CHECK(shows_colours(terminal));
  CHECK_FALSE(shows_colours(file));
  ::setenv("TERM", "dumb", 1);
  CHECK_FALSE(shows_colours(terminal));
  ::setenv("TERM", "xterm", 1);
  ::setenv("NO_COLOR", "1", 1);
  CHECK_FALSE(shows_colours(terminal));
  ::setenv("NO_COLOR", "", 1);
  CHECK(shows_colours(terminal));
  ::unsetenv("NO_COLOR");
  ::close(terminal);
  ::close(file);
}

TEST_CASE("a colour ends where its text does") {
  struct row {
    colour which;
    std::string_view start;
  };
  row const rows[] = {
      {colour::bold, "\033[1m"},    {colour::faint, "\033[2m"},  {colour::red, "\033[31m"},
      {colour::yellow, "\033[33m"}, {colour::green, "\033[32m"}, {colour::blue, "\033[34m"},
  };
  for (row const& r : rows) {
    CAPTURE(r.start);
    CHECK(in_colour(r.which, "a", true) == std::string(r.start) + "a\033[0m");
  }
  CHECK(in_colour(colour::red, "a", false) == "a");
  CHECK(in_colour(colour::plain, "a", true) == "a");
}

TEST_CASE("a terminal that is closed has gone") {
  int const window = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (window < 0) return;
  REQUIRE(::grantpt(window) == 0);
  REQUIRE(::unlockpt(window) == 0);
  int const terminal = ::open(::ptsname(window), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(terminal >= 0);
  int const before = ::dup(STDIN_FILENO);
  ::dup2(terminal, STDIN_FILENO);
  terminals const with;
  ::close(terminal);
  CHECK_FALSE(with.any_closed());
  ::close(window);
  CHECK(with.any_closed());
  ::dup2(before, STDIN_FILENO);
  ::close(before);
}
