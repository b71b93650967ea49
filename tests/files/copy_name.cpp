#include "gatehouse/files/copy_name.hpp"

#include <doctest/doctest.h>

using gatehouse::files::original_name;

TEST_CASE("the name of a copy gives the name of what it was made of") {
  struct row {
    char const* name;
    char const* original;
  };
  row const rows[] = {
      {"a.cgi", "a.cgi"},
      {"", ""},
      {"a.cgi~", "a.cgi"},
      {"a.cgi.bak", "a.cgi"},
      {"a.cgi.BAK", "a.cgi"},
      {"a.cgi.orig.gz", "a.cgi"},
      {"a.cgi.~2~", "a.cgi"},
      {"a.cgi.~17~.zst", "a.cgi"},
      {"a.cgi2~", "a.cgi2"},
      {"#a.cgi#", "#a.cgi"},
      {"a.cgi. .", "a.cgi"},
      {"a.cgi.dpkg-dist", "a.cgi"},
      {"a.bak.cgi", "a.bak.cgi"},
      {"a.cgi.txt", "a.cgi.txt"},
      {"bak", "bak"},
      {"~", ""},
      {".~~", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.name);
    CHECK(original_name(r.name) == r.original);
  }
}
