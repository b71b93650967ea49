#include "gatehouse/app/terminal.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>

#include <string>

#include "gatehouse/base/unique_fd.hpp"

using namespace gatehouse;

namespace {

// Sets a variable of the environment for one scope; null unsets it.
class variable {
 public:
  variable(char const* name, char const* value) : name_(name) {
    if (char const* const before = ::getenv(name)) before_ = before, was_set_ = true;
    set(value);
  }
  variable(variable const&) = delete;
  variable& operator=(variable const&) = delete;
  ~variable() { set(was_set_ ? before_.c_str() : nullptr); }

 private:
  void set(char const* value) const {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }
  char const* name_;
  std::string before_;
  bool was_set_ = false;
};

}  // namespace

TEST_CASE("colours are for terminals, unless they are not wanted") {
  base::unique_fd const pty(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  base::unique_fd const null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  REQUIRE(pty);
  struct row {
    std::string_view label;
    int descriptor;
    char const* no_color;
    char const* terminal;
    bool expected;
  };
  row const rows[] = {
      {"a terminal", pty.get(), nullptr, "xterm", true},
      {"a terminal of no name", pty.get(), nullptr, nullptr, true},
      {"NO_COLOR", pty.get(), "1", "xterm", false},
      {"an empty NO_COLOR", pty.get(), "", "xterm", true},
      {"a dumb one", pty.get(), nullptr, "dumb", false},
      {"no terminal", null.get(), nullptr, "xterm", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    variable const no_color("NO_COLOR", r.no_color);
    variable const terminal("TERM", r.terminal);
    CHECK(app::colours_wanted(r.descriptor) == r.expected);
  }
}
