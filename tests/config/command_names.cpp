#include "gatehouse/config/command_names.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::config;

TEST_CASE("a word that is nearly a command's name is told so") {
  CHECK(command_hint("chekc") == " (did you mean the command `gatehouse check`?)");
  CHECK(command_hint("explian") == " (did you mean the command `gatehouse explain`?)");
  CHECK(command_hint("new") == " (did you mean the command `gatehouse new`?)");
  for (auto const word : {"", "www", "site", "public", "cgi-bin", "/check"}) {
    CAPTURE(word);
    CHECK(command_hint(word).empty());
  }
}
